"""The page's server: what answers at once, before torch is imported; then the API of ``shared.app``."""

from shared.serving.command import serve
from shared.serving.listing import Accuracy, Listed, Summary, listed, metric
from shared.serving.site import Site, refuse
