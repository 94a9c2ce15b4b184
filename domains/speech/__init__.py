"""Speech: recordings of words in, the word out."""

from shared.config import Domain

DOMAIN = Domain(
    module="domains.speech.module.SpeechClassifier",
    data=(
        "domains.speech.data.SpeechData",
        "domains.speech.commands.CommandsData",
        "domains.speech.aligned.AlignedData",
        "domains.speech.made.MadeData",
        "domains.speech.made.MadeWordData",
    ),
    predict="domains.speech.predict.predict",
    explain="domains.speech.explain.SpeechDomain",
    page="domains.speech.page.SpeechPage",
    bench="domains.speech.bench.bench",
    input_keys=("sizes",),
)
