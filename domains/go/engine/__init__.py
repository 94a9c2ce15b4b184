"""A trained policy as an engine: it chooses moves, and is driven by the Go Text Protocol."""

from domains.go.engine.engine import Engine
from domains.go.engine.gtp_commands import GoProtocol
from domains.go.engine.network import Policy, ensemble, groups_of, resized
from domains.go.engine.serve import serve
