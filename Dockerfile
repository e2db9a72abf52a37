# Nightshift's worker, starter and commands in one image: which of them runs is its command.
# The Python is the one that the tests run on.
FROM python:3.11.15-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/nightshift
WORKDIR /src
# The locked packages first: they change seldom, and a layer of their own keeps builds short.
COPY requirements/product.txt requirements/build.txt requirements/
RUN /opt/nightshift/bin/pip install --require-hashes --only-binary :all: -r requirements/product.txt
RUN python -m venv /opt/build && /opt/build/bin/pip install --require-hashes -r requirements/build.txt
COPY pyproject.toml README.md ./
COPY domain domain
COPY analysis analysis
COPY integrations integrations
COPY activities activities
COPY workflows workflows
COPY workers workers
COPY starter starter
COPY config config
COPY rig rig
COPY evals evals
RUN /opt/build/bin/python -m hatchling build -t wheel -d /dist \
    && /opt/nightshift/bin/pip install --no-deps --no-index /dist/*.whl \
    # The pages and the tools that installed them are no part of what runs.
    && /opt/nightshift/bin/pip uninstall --yes pip setuptools

FROM python:3.11.15-slim-bookworm
LABEL org.opencontainers.image.title="Nightshift" \
      org.opencontainers.image.description="Durable, agentic incident response on Temporal" \
      org.opencontainers.image.version="0.1.0"
RUN useradd --uid 10001 --user-group --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin nightshift \
    # A volume that is mounted here takes over this owner.
    && install -d -o nightshift -g nightshift /var/lib/nightshift/postmortems \
    && pip uninstall --yes pip setuptools wheel
COPY --from=build /opt/nightshift /opt/nightshift
ENV PATH=/opt/nightshift/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    NIGHTSHIFT_HOST=0.0.0.0 \
    NIGHTSHIFT_POSTMORTEMS=/var/lib/nightshift/postmortems
USER 10001:10001
WORKDIR /var/lib/nightshift
EXPOSE 8000
# A worker lets running activities finish for 20 s.
STOPSIGNAL SIGTERM
# What the starter answers; a container that runs a worker overrides it with `nightshift health worker`.
HEALTHCHECK --interval=30s --timeout=10s --start-period=30s --retries=3 CMD ["nightshift", "health", "starter"]
ENTRYPOINT ["nightshift"]
CMD ["starter"]
