FROM python:3.13-slim AS build
WORKDIR /src
COPY requirements.lock ./
RUN python -m venv /app && /app/bin/pip install --no-cache-dir --no-compile --require-hashes -r requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY server server
COPY tools tools
RUN /app/bin/pip install --no-cache-dir --no-compile --no-deps . \
 && /app/bin/pip uninstall -q -y pip \
 && python -m compileall -q -j 0 /app/lib

FROM python:3.13-slim
COPY --from=build /app /app
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin tinylytics \
 && install -d -o tinylytics -m 0700 /state
USER tinylytics
ENV PATH=/app/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    TINYLYTICS_LOG_FORMAT=json \
    TINYLYTICS_STATE_DIR=/state
VOLUME /state
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s \
  CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/health', timeout=4)"]
ENTRYPOINT ["tinylytics-mcp"]
CMD ["serve", "--transport", "http", "--host", "0.0.0.0", "--port", "8000"]
