# SPDX-License-Identifier: ISC
"""Operations told by method and path, for operations.py; what goes back is for each service to say.

A Rest is made of routes and the form of errors. Members come from the path's
named groups, the query, and the JSON object that a POST brings.
"""

import re
import urllib.parse

import aws_json
from http1 import Response
from refusal import Refusal

JSON = "application/json"


class Rest:
    def __init__(self, routes, error_response):
        """routes: (method, pattern of the path, name of the operation), the first that matches counts.
        error_response(service, refusal, request_id) -> Response."""
        self._routes = routes
        self.error_response = error_response

    def operation_name(self, service, request):
        fitting = [route for route in self._routes if re.fullmatch(route[1], request.path)]
        for method, _, name in fitting:
            if method == request.method:
                return name
        if fitting:
            raise Refusal("MethodNotAllowed", "Method Not Allowed", 405, common=True)
        raise self.unknown(service, None)

    def unknown(self, service, name):
        return Refusal("UnknownOperationException", "", 404, common=True)

    def parse(self, service, request, operation):
        groups = (re.fullmatch(pattern, request.path) for method, pattern, _ in self._routes
                  if method == request.method)
        members = next(match for match in groups if match).groupdict()
        members.update(_query(request))
        if request.method == "POST":
            if request.header("content-type") != JSON:
                raise Refusal("UnsupportedMediaTypeException", "", 415, common=True)
            members.update(aws_json.parse_object(request.body))
        elif request.body:
            raise Refusal("SerializationException", "a body where none belongs", common=True)
        return members

    def answer(self, service, name, result, request_id):
        """A result that is no Response is a JSON value."""
        return result if isinstance(result, Response) else aws_json.answer(service, name, result, request_id)


def _query(request):
    if not request.query:
        return {}
    try:
        pairs = urllib.parse.parse_qsl(request.query, keep_blank_values=True, strict_parsing=True, errors="strict")
    except ValueError:
        raise Refusal("SerializationException", "a query that cannot be read", common=True)
    if len(dict(pairs)) != len(pairs):
        raise Refusal("SerializationException", "a parameter twice", common=True)
    return dict(pairs)
