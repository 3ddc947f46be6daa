# SPDX-License-Identifier: ISC
"""The one exception by which any layer of the test server refuses a request.

It carries what a caller of AWS would see (code, text, status) and nothing
about the wire: each protocol writes it in its own form.
"""


class Refusal(Exception):
    """A request that AWS would answer with an error."""

    def __init__(self, code, message, status=400, headers=(), style="both", common=False):
        super().__init__(code)
        self.code = code
        self.message = message
        self.status = status
        self.headers = list(headers)
        self.style = style
        # AWS's front end (signatures, routing) names its errors in another
        # namespace than the service behind it, and spells "message" small.
        self.common = common
