"""Text: sentences in, their class out."""

from shared.config import Domain

DOMAIN = Domain(
    module="domains.text.module.TextClassifier",
    data=("domains.text.data.TextData",),
    predict="domains.text.predict.predict",
    explain="domains.text.explain.TextDomain",
    page="domains.text.page.TextPage",
    model_keys=("embedding", "channels", "spread", "naive_bayes", "max_norm"),
)
