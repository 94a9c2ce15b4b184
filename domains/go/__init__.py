"""Go: positions from game records in, a probability for every point of the board out."""

from shared.config import Domain

DOMAIN = Domain(
    module="domains.go.module.GoPolicy",
    data=("domains.go.data.GoData",),
    predict="domains.go.predict.predict",
    explain="domains.go.explain.GoDomain",
    page="domains.go.page.GoPage",
    bench="domains.go.bench.bench",
)
