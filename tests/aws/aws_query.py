# SPDX-License-Identifier: ISC
"""The AWS Query protocol, for operations.py: parameters of a form in, XML out.

POST only: AWS takes its parameters in a URL too, but keys and tokens have no
business there. It will not do lists or structures in parameters.
"""

import re
import urllib.parse
from xml.sax.saxutils import escape

from http1 import Response
from refusal import Refusal

CONTENT_TYPE = "application/x-www-form-urlencoded"
# What the front end calls its errors where this protocol is spoken.
CODES = {
    "InvalidSignatureException": ("SignatureDoesNotMatch", 403),
    "IncompleteSignatureException": ("IncompleteSignature", 400),
    "UnrecognizedClientException": ("InvalidClientTokenId", 403),
    "ExpiredTokenException": ("ExpiredToken", 403),
    "MissingAuthenticationTokenException": ("MissingAuthenticationToken", 403),
    "ThrottlingException": ("Throttling", 400),
    "ValidationException": ("ValidationError", 400),
    "SerializationException": ("MalformedInput", 400),
    "AccessDeniedException": ("AccessDenied", 403),
}


def claims(service, request):
    return is_form(request) or request.is_signed_for(service.name)


def is_form(request):
    kind, _, parameter = (request.header("content-type") or "").partition(";")
    return kind.strip().lower() == CONTENT_TYPE and parameter.strip().lower() in ("", "charset=utf-8")


def operation_name(service, request):
    if request.method != "POST" or request.target != "/" or not is_form(request):
        raise Refusal("UnknownOperationException", "", 404, common=True)
    form = _form(request)
    name, version = form.get("Action"), form.get("Version", "NO_VERSION_SPECIFIED")
    if name is None:
        raise Refusal("MissingAction", "Could not find the Action parameter", common=True)
    if version != service.version:
        raise unknown(service, name, version)
    return name


def unknown(service, name, version=None):
    return Refusal("InvalidAction", "Could not find operation %s for version %s" % (name, version or service.version),
                   common=True)


def parse(service, request, operation):
    return {name: _value(name, text, operation.members)
            for name, text in _form(request).items() if name not in ("Action", "Version")}


def _form(request):
    try:
        pairs = urllib.parse.parse_qsl(request.body.decode("ascii"), keep_blank_values=True, strict_parsing=True,
                                       errors="strict")
    except ValueError:
        raise Refusal("MalformedQueryString", "The form contains a syntax error", common=True)
    if len(dict(pairs)) != len(pairs):
        raise Refusal("MalformedQueryString", "A parameter is there twice", common=True)
    return dict(pairs)


def _value(name, text, members):
    if name not in members or members[name].kind is not int:
        return text
    if not re.fullmatch("-?[0-9]+", text):
        raise Refusal("MalformedInput", "%s is no integer" % name, common=True)
    return int(text)


def answer(service, name, result, request_id):
    return _xml(200, service, name + "Response", {
        name + "Result": result, "ResponseMetadata": {"RequestId": request_id}}, [])


def error_response(service, refusal, request_id):
    error = {"Type": "Receiver" if refusal.status >= 500 else "Sender", "Code": refusal.code,
             "Message": refusal.message}
    response = _xml(refusal.status, service, "ErrorResponse", {"Error": error, "RequestId": request_id},
                    refusal.headers)
    if refusal.style == "none":
        response.body = b""
    return response


def _xml(status, service, name, members, headers):
    text = '<%s xmlns="%s">\n%s</%s>\n' % (name, service.namespace, _elements(members, 1), name)
    return Response(status, [("Content-Type", "text/xml")] + headers, text.encode())


def _elements(members, depth):
    indent = "  " * depth
    return "".join("%s<%s>%s</%s>\n" % (indent, name, "\n%s%s" % (_elements(value, depth + 1), indent)
                                        if isinstance(value, dict) else escape(str(value)), name)
                   for name, value in members.items())
