# SPDX-License-Identifier: ISC
"""Checks of AWS Signature Version 4, written from its specification.

Takes a request as it arrived and says who signed it, or refuses it as AWS
would. It will not sign, and does not know presigned URLs or chunked
signatures: nothing that is tested here uses them.
"""

import calendar
import hashlib
import hmac
import re
import time
import urllib.parse
from dataclasses import dataclass

from refusal import Refusal

ALGORITHM = "AWS4-HMAC-SHA256"
TOLERANCE_MINUTES = 15

MISMATCH = (
    "The request signature we calculated does not match the signature you provided. "
    "Check your AWS Secret Access Key and signing method. "
    "Consult the service documentation for details."
)


@dataclass
class Identity:
    access_key_id: str
    arn: str
    user_id: str
    region: str


def _refuse(code, message, status=400):
    return Refusal(code, message, status, common=True)


def verify(request, service, keys, regions, now, skew_code, entry):
    """The Identity that signed the request. What is learnt on the way goes into
    entry (the log line), so that a refused request can be read there too."""
    credential, signed, signature = _parse_authorization(request)
    access_key_id, scope_date, region, scope_service = _parse_credential(credential)
    entry["access_key_id"] = access_key_id
    entry["signed_headers"] = signed
    entry["region"] = region

    key = keys.get(access_key_id)
    _check_token(request, key, now)
    if region not in regions:
        raise _refuse("InvalidSignatureException",
                      "Credential should be scoped to a valid region. ")
    if scope_service != service:
        raise _refuse("InvalidSignatureException",
                      "Credential should be scoped to correct service: '%s'. " % service)
    _check_signed_headers(request, signed)
    amz_date = _check_date(request, scope_date, now, skew_code)

    text = string_to_sign(request, signed, amz_date, "/".join(credential.split("/")[1:]))
    expected = hmac.new(signing_key(key["secret"], scope_date, region, service),
                        text.encode(), hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected, signature):
        raise _refuse("InvalidSignatureException", MISMATCH)
    return Identity(access_key_id, key["arn"], key["user_id"], region)


def signing_key(secret, date, region, service):
    key = ("AWS4" + secret).encode()
    for part in (date, region, service, "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key


def string_to_sign(request, signed, amz_date, scope):
    digest = hashlib.sha256(canonical_request(request, signed).encode()).hexdigest()
    return "\n".join((ALGORITHM, amz_date, scope, digest))


def canonical_request(request, signed):
    headers = "".join("%s:%s\n" % (n, _canonical_value(request.header(n))) for n in signed)
    return "\n".join((
        request.method,
        # Every service but S3 encodes the path once more than the wire does.
        urllib.parse.quote(request.path, safe="/-_.~"),
        _canonical_query(request.query),
        headers,
        ";".join(signed),
        hashlib.sha256(request.body).hexdigest(),
    ))


def _canonical_value(value):
    return re.sub(" +", " ", value.strip())


def _canonical_query(query):
    pairs = []
    for item in filter(None, query.split("&")):
        name, _, value = item.partition("=")
        pairs.append(tuple(urllib.parse.quote(urllib.parse.unquote_to_bytes(part), safe="-_.~")
                           for part in (name, value)))
    return "&".join("%s=%s" % pair for pair in sorted(pairs))


def _parse_authorization(request):
    header = request.header("authorization")
    if header is None:
        raise _refuse("MissingAuthenticationTokenException", "Missing Authentication Token")
    algorithm, _, rest = header.partition(" ")
    if algorithm != ALGORITHM:
        raise _refuse("IncompleteSignatureException", "Unsupported AWS 'algorithm': '%s'." % algorithm)
    fields = dict(f.strip().partition("=")[::2] for f in rest.split(","))
    for name in ("Credential", "SignedHeaders", "Signature"):
        if not fields.get(name):
            raise _refuse("IncompleteSignatureException",
                          "Authorization header requires '%s' parameter." % name)
    signed = fields["SignedHeaders"].split(";")
    if signed != sorted(set(signed)) or any(n != n.lower() for n in signed):
        raise _refuse("InvalidSignatureException", "SignedHeaders must be sorted, unique and in lower case.")
    return fields["Credential"], signed, fields["Signature"]


def _parse_credential(credential):
    # A key id holds no slash, so five parts and no fewer or more.
    parts = credential.split("/")
    if len(parts) != 5 or parts[4] != "aws4_request" or not re.fullmatch("[0-9]{8}", parts[1]):
        raise _refuse("IncompleteSignatureException",
                      "Credential must have exactly 5 slash-delimited elements, "
                      "e.g. keyid/date/region/service/term, got '%s'" % credential)
    return parts[:4]


def _check_token(request, key, now):
    token = request.header("x-amz-security-token")
    if key is None or token != key["token"]:
        raise _refuse("UnrecognizedClientException", "The security token included in the request is invalid.")
    if key["expires"] is not None and now >= key["expires"]:
        raise _refuse("ExpiredTokenException", "The security token included in the request is expired")


def _check_signed_headers(request, signed):
    present = {n.lower() for n, _ in request.headers}
    required = {"host"} | {n for n in present if n == "content-type" or n.startswith("x-amz-")}
    for name in sorted(required - set(signed)):
        raise _refuse("InvalidSignatureException",
                      "'%s' must be a 'SignedHeader' in the AWS Authorization." % name.title())
    for name in signed:
        # A header that is signed but was not sent can only be a signer's mistake.
        if name not in present:
            raise _refuse("InvalidSignatureException", MISMATCH)
    digest = request.header("x-amz-content-sha256")
    if digest is not None and digest != hashlib.sha256(request.body).hexdigest():
        raise _refuse("InvalidSignatureException", MISMATCH)


def _check_date(request, scope_date, now, skew_code):
    amz_date = request.header("x-amz-date")
    if amz_date is None or not re.fullmatch("[0-9]{8}T[0-9]{6}Z", amz_date):
        raise _refuse("IncompleteSignatureException",
                      "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.")
    if not amz_date.startswith(scope_date):
        raise _refuse("InvalidSignatureException",
                      "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date "
                      "from HTTP: '%s' != '%s', from '%s'." % (scope_date, amz_date[:8], amz_date))
    try:
        signed_at = calendar.timegm(time.strptime(amz_date, "%Y%m%dT%H%M%SZ"))
    except ValueError:
        raise _refuse("IncompleteSignatureException", "Date '%s' is not a date." % amz_date)
    tolerance = TOLERANCE_MINUTES * 60
    if signed_at < now - tolerance:
        raise _refuse(skew_code, "Signature expired: %s is now earlier than %s (%s - %d min.)" % (
            amz_date, _stamp(now - tolerance), _stamp(now), TOLERANCE_MINUTES))
    if signed_at > now + tolerance:
        raise _refuse(skew_code, "Signature not yet current: %s is still later than %s (%s + %d min.)" % (
            amz_date, _stamp(now + tolerance), _stamp(now), TOLERANCE_MINUTES))
    return amz_date


def _stamp(seconds):
    return time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(seconds))
