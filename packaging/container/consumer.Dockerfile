# A program that reads frames: docker build -f packaging/container/consumer.Dockerfile -t framegate-consumer .
ARG PYTHON_IMAGE=python:3.12-slim
FROM ${PYTHON_IMAGE}
COPY clients/python /tmp/framegate
RUN pip install --no-cache-dir --break-system-packages /tmp/framegate && rm -rf /tmp/framegate
COPY packaging/container/consumer.py /consumer.py
USER 10001:10001
ENTRYPOINT ["python3", "-u", "/consumer.py"]
