"""Pictures: what they show."""

from shared.config import Domain

DOMAIN = Domain(
    module="domains.image.module.ImageClassifier",
    data=("domains.image.data.ImageData",),
    predict="domains.image.predict.predict",
    explain="domains.image.explain.ImageDomain",
    page="domains.image.page.ImagePage",
    input_keys=("size", "channels", "fit"),
)
