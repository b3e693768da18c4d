"""Every environment variable the worker reads, in one table; the documentation's is checked against it."""

import math
from collections.abc import Mapping
from typing import NamedTuple

from domain.serverless import INLINE


class Variable(NamedTuple):
    name: str
    default: str
    meaning: str


VARIABLES = (
    Variable("COMFY_HOME", "", "folder of ComfyUI; looked for on the volume and in the image when empty"),
    Variable("COMFY_PYTHON", "", "the Python that runs it; by default that of its own com_venv or venv"),
    Variable("COMFY_URL", "http://127.0.0.1:8188", "where it answers; not started when it does already"),
    Variable("COMFY_ARGS", "", "more words for its command line, as in a shell"),
    Variable("COMFY_START_TIMEOUT", "300", "seconds it may take to start"),
    Variable("COMFY_ORG_API_KEY", "", "for nodes that comfy.org bills, when a job brings no key"),
    Variable("GPU_CHECK", "true", "false: begin without looking whether torch finds a GPU"),
    Variable("OUTPUT_MODE", "", "base64, s3 or gcs when a job does not say; by default what is set up"),
    Variable("MAX_INLINE_MB", str(INLINE >> 20), "files that a base64 answer may carry, in MB"),
    Variable("MAX_INPUT_MB", "4096", "largest input file, in MB"),
    Variable("REFRESH_WORKER", "false", "true: a fresh worker after each job"),
    Variable("WORKER_CONCURRENCY", "1", "jobs taken at once; with 2 the next one is there when one ends"),
    Variable("WORKER_PYTHON", "", "for start.sh: the Python that runs the worker itself"),
    Variable("HF_TOKEN", "", "for download_models: a token of Hugging Face"),
    Variable("HF_ENDPOINT", "https://huggingface.co", "for download_models: where models come from"),
    Variable("WORKER_LOG_LEVEL", "INFO", "DEBUG, INFO, WARNING or ERROR"),
    Variable(
        "RUNPOD_LOG_LEVEL",
        "",
        "how much RunPod's library says, as WORKER_LOG_LEVEL when empty; DEBUG: results in full",
    ),
    Variable("S3_BUCKET_NAME", "", "bucket of an S3 service; sets delivery by s3 up"),
    Variable("S3_BUCKET_CREDS_ACCESS_KEY_ID", "", "its access key"),
    Variable("S3_BUCKET_CREDS_SECRET_ACCESS_KEY", "", "its secret key"),
    Variable("S3_ENDPOINT_URL", "", "address of the service, when it is not Amazon's"),
    Variable("S3_REGION", "", "its region"),
    Variable("S3_ADDRESSING_STYLE", "auto", "path, virtual or auto"),
    Variable("S3_PREFIX", "", "folder in the bucket"),
    Variable("S3_URL_SECONDS", "604800", "how long the addresses of results are good"),
    Variable("BUCKET_ENDPOINT_URL", "", "as S3_ENDPOINT_URL, with the bucket's name; S3_* win"),
    Variable("BUCKET_ACCESS_KEY_ID", "", "as S3_BUCKET_CREDS_ACCESS_KEY_ID"),
    Variable("BUCKET_SECRET_ACCESS_KEY", "", "as S3_BUCKET_CREDS_SECRET_ACCESS_KEY"),
    Variable(
        "BUCKET_NAME",
        "",
        "bucket, when its name is not in BUCKET_ENDPOINT_URL; without either by the month, MM-YY",
    ),
    Variable("GCS_BUCKET", "", "bucket of Google Cloud Storage; sets delivery by gcs up"),
    Variable("GCS_PREFIX", "", "folder in the bucket"),
    Variable("GCS_PROJECT", "", "project; GOOGLE_CLOUD_PROJECT counts as well"),
    Variable("GCS_PUBLIC", "false", "true: addresses without a signature, for a public bucket"),
    Variable("GCS_SIGNED_URL_TTL", "604800", "seconds the addresses of results are good"),
    Variable("GOOGLE_APPLICATION_CREDENTIALS", "", "file with the key of a service account"),
    Variable("GOOGLE_CLOUD_PROJECT", "", "project, when GCS_PROJECT is empty"),
)
LEVELS = "DEBUG", "INFO", "WARNING", "ERROR"
LEVELS_TOO = {"WARN": "WARNING", "CRITICAL": "ERROR", "FATAL": "ERROR", "TRACE": "DEBUG", "NOTSET": "DEBUG"}
_DEFAULTS = {variable.name: variable.default for variable in VARIABLES}


class Environment:
    def __init__(self, given: Mapping[str, str]):
        self._given = given

    def __getitem__(self, name: str) -> str:
        """What is set, or the default; a name that is not in the table is a mistake of ours."""
        return self._given.get(name, "").strip() or _DEFAULTS[name]

    def is_on(self, name: str) -> bool:
        return self[name].lower() in ("1", "true", "yes", "on")

    def number(self, name: str) -> float:
        """What is no number counts as the default; nor is one without an end."""
        try:
            number = float(self[name])
        except ValueError:
            number = math.inf
        return number if math.isfinite(number) else float(_DEFAULTS[name])

    @property
    def level(self) -> str:
        """Of the worker's log, as Python names it."""
        return self._level("WORKER_LOG_LEVEL") or "INFO"

    @property
    def sdk_level(self) -> str:
        """Of the SDK's log, as that one names it: it refuses every other name."""
        level = self._level("RUNPOD_LOG_LEVEL") or self.level
        return "WARN" if level == "WARNING" else level

    def _level(self, name: str) -> str:
        """Nothing when that is none."""
        level = self[name].upper()
        return level if level in LEVELS else LEVELS_TOO.get(level, "")
