# The commands in a container: see docs/platforms.md.
#
#   docker build -t convolutions .
#   docker run --rm -v "$PWD:/work" --user "$(id -u):$(id -g)" convolutions train domain=go
#   docker run --rm -v "$PWD:/work" --user "$(id -u):$(id -g)" convolutions predict run=go/policy input=game.sgf
#
# For a GPU: docker build --build-arg TORCH=cu130 …, docker run --gpus all --shm-size 2g ….

FROM python:3.13-slim

ARG TORCH=cpu

WORKDIR /opt/convolutions
COPY pyproject.toml requirements.lock README.md LICENSE ./
COPY conf conf
COPY convolutions convolutions
COPY domains domains
COPY scripts scripts
COPY shared shared
RUN pip install --no-cache-dir uv \
    && uv pip install --system --no-cache --torch-backend="$TORCH" --constraint requirements.lock '.[export]' \
    && rm -r /opt/convolutions/*

# Caches lie where every user may write: the container can run as you, so that its files are yours.
ENV HOME=/tmp
WORKDIR /work
ENTRYPOINT ["convolutions"]
CMD ["--help"]
