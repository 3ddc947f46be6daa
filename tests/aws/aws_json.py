# SPDX-License-Identifier: ISC
"""The AWS JSON protocol, 1.1 where a service says nothing else, for operations.py; and JSON as AWS reads and writes it, for others too."""

import base64
import codecs
import json

from http1 import Response
from refusal import Refusal

CONTENT_TYPE = "application/x-amz-json-1.1"
COMMON_NAMESPACE = "com.amazon.coral.service"


class Raw:
    """Bytes to stand in JSON exactly as they are, right or wrong."""

    def __init__(self, text):
        self.text = text


def claims(service, request):
    target = request.header("x-amz-target") or ""
    return target.startswith(service.target + ".") or request.is_signed_for(service.name)


def operation_name(service, request):
    if request.method != "POST" or request.target != "/":
        raise Refusal("UnknownOperationException", "", 404, common=True)
    if request.header("content-type") != (service.content_type or CONTENT_TYPE):
        raise Refusal("UnknownOperationException", "", 404, common=True)
    prefix, _, name = (request.header("x-amz-target") or "").partition(".")
    if prefix != service.target or not name:
        raise unknown(service, name)
    return name


def unknown(service, name):
    return Refusal("UnknownOperationException", "", 400, common=True)


def parse(service, request, operation):
    return parse_object(request.body)


def parse_object(body):
    def unique(pairs):
        if len(dict(pairs)) != len(pairs):
            raise ValueError("a key twice")
        return dict(pairs)

    try:
        value = json.loads(body.decode("utf-8"), object_pairs_hook=unique)
    except ValueError:
        raise Refusal("SerializationException", "", 400, common=True)
    if not isinstance(value, dict):
        raise Refusal("SerializationException", "Start of structure or map found where not expected.",
                      common=True)
    return value


def answer(service, name, result, request_id):
    text = result.text if isinstance(result, Raw) else to_json(result)
    return Response(200, [("Content-Type", service.content_type or CONTENT_TYPE)], text)


def error_response(service, refusal, request_id):
    """An error in the forms that AWS is known to use, or with parts missing as style says."""
    namespace = COMMON_NAMESPACE if refusal.common else service.namespace
    kinds = {
        "both": namespace + "#" + refusal.code,
        "body": namespace + "#" + refusal.code,
        "bare": refusal.code,
        "url": refusal.code + ":http://internal.amazon.com/coral/%s/" % namespace,
    }
    # A service without a namespace never names one, wherever in it the error arose.
    style = refusal.style if service.namespace or refusal.style != "both" else "bare"
    body = {}
    if style in kinds:
        body["__type"] = kinds[style]
    body["message" if refusal.common else service.message_member] = refusal.message
    headers = [("Content-Type", service.content_type or CONTENT_TYPE)] + refusal.headers
    if style in ("both", "header", "url"):
        headers.append(("x-amzn-ErrorType",
                        refusal.code + ":http://internal.amazon.com/coral/%s/" % namespace))
    return Response(refusal.status, headers, b"" if style == "none" else to_json(body))


def timestamp(seconds):
    """Epoch seconds as AWS writes them: a fraction and an exponent, both legal JSON."""
    return Raw(("%.12fE9" % (seconds / 1e9)).encode())


def blob(data):
    return base64.b64encode(data).decode()


def _lone_surrogates(error):
    # Bytes that were no UTF-8 become those bytes again; a half of a pair can
    # only be written as JSON's escape.
    text = error.object[error.start : error.end]
    return b"".join(bytes([ord(c) - 0xDC00]) if 0xDC80 <= ord(c) <= 0xDCFF else b"\\u%04x" % ord(c)
                    for c in text), error.end


codecs.register_error("json-surrogates", _lone_surrogates)


def to_json(value):
    if isinstance(value, Raw):
        return value.text
    if isinstance(value, dict):
        return b"{" + b",".join(to_json(n) + b":" + to_json(v) for n, v in value.items()) + b"}"
    if isinstance(value, (list, tuple)):
        return b"[" + b",".join(to_json(v) for v in value) + b"]"
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "json-surrogates")
