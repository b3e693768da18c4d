"""Whether a request to an S3 service is signed as Amazon describes it (Signature Version 4): written from
that description, and nothing of it is what the program signs with."""

import hashlib
import hmac
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qsl, quote, unquote

ACCESS, KEY, REGION = "AKIDTESTS", "a/secret+of/tests", "eu-ro-1"


def checked(secret: str = KEY, region: str = REGION) -> Callable[[BaseHTTPRequestHandler], int]:
    """Returns 0 for what is signed rightly, in its address or by a header; else what the service answers."""

    def status(asked: BaseHTTPRequestHandler) -> int:
        headers = {name.lower(): value for name, value in asked.headers.items()}
        words = dict(parse_qsl(asked.path.partition("?")[2], keep_blank_values=True))
        if "X-Amz-Signature" in words:
            told = words.pop("X-Amz-Signature")
            scope, names, at = words["X-Amz-Credential"], words["X-Amz-SignedHeaders"], words["X-Amz-Date"]
            body = "UNSIGNED-PAYLOAD"
        elif headers.get("authorization", "").startswith("AWS4-HMAC-SHA256 "):
            parts = headers["authorization"].removeprefix("AWS4-HMAC-SHA256 ").split(",")
            said = dict(part.strip().split("=", 1) for part in parts)
            told, scope, names = said["Signature"], said["Credential"], said["SignedHeaders"]
            at, body = headers["x-amz-date"], headers["x-amz-content-sha256"]
        else:
            return 403
        access, day, where, service, end = scope.split("/")
        if (access, where, service) != (ACCESS, region, "s3"):
            return 403
        path = quote(unquote(asked.path.partition("?")[0]), safe="/-_.~")
        query = "&".join(f"{quote(k, safe='-_.~')}={quote(v, safe='-_.~')}" for k, v in sorted(words.items()))
        signed = "".join(f"{name}:{headers[name].strip()}\n" for name in names.split(";"))
        request = "\n".join([str(asked.command), path, query, signed, names, body])
        digest = hashlib.sha256(request.encode()).hexdigest()
        text = "\n".join(["AWS4-HMAC-SHA256", at, f"{day}/{where}/{service}/{end}", digest])
        key = f"AWS4{secret}".encode()
        for step in (day, where, service, end, text):
            key = hmac.new(key, step.encode(), "sha256").digest()
        return 0 if hmac.compare_digest(key.hex(), told) else 403

    return status
