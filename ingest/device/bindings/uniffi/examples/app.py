"""An app in Python: its owner turns the program on, uses a feature, sends, looks at the receipts, and turns it off again.

    app.py FOLDER CATALOGUE GATEWAY CA [SUGGESTION_KEY SUGGESTION_KEY]
"""

import http.client
import os
import secrets
import ssl
import sys
from urllib.parse import urlsplit

import kaiku

folder, catalogue, gateway, ca, *suggestion_keys = sys.argv[1:]
trust = ssl.create_default_context(cafile=ca)


class Keys(kaiku.KeyStore):
    """The key in a file that only its owner can read. An app may ask the system's keyring instead."""

    def __init__(self, path):
        self.path = path

    def key(self):
        try:
            with open(self.path, "rb") as file:
                return kaiku.KeyAnswer.KEY(file.read())
        except FileNotFoundError:
            return kaiku.KeyAnswer.GONE()
        except OSError:
            return kaiku.KeyAnswer.NOT_YET()

    def create(self):
        key = secrets.token_bytes(32)
        private = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with open(private, "wb") as file:
            file.write(key)
        return kaiku.KeyAnswer.KEY(key)

    def erase(self):
        if os.path.exists(self.path):
            os.remove(self.path)


def send(upload):
    """Makes the request as it is; the status of the answer, its Retry-After and its body, None where there is none."""
    connection = http.client.HTTPSConnection(urlsplit(gateway).netloc, context=trust, timeout=20)
    headers = {header.name: header.value for header in upload.headers}
    try:
        connection.request(upload.method, upload.path, upload.body, headers)
        answer = connection.getresponse()
        after = answer.headers.get("retry-after", "")
        return answer.status, int(after) if after.isdigit() else None, answer.read(8193)
    except (OSError, http.client.HTTPException):
        return None, None, b""
    finally:
        connection.close()


def main():
    with open(catalogue, encoding="utf-8") as file:
        text = file.read()
    program = kaiku.Program(
        kaiku.Settings(
            folder=folder + "/kaiku",
            catalogue=text,
            release="4.2",
            app_key="the-key-of-the-app",
            device=kaiku.DeviceFacts(brand="Nokia", model="TA-1053"),
            keys=Keys(folder + "/key"),
            suggestion_keys=suggestion_keys,
        )
    )

    # Its owner reads the text, and agrees.
    consent = program.consent("en")
    print("consent:", consent.version, consent.text)
    try:
        program.turn_on(kaiku.Level.BOTH, consent.version, "en")
    except kaiku.KaikuError as refused:
        print("not on:", refused)

    program.started()
    program.used("route.bicycle")
    program.used("route.bicycle")
    program.failed("network.timeout", "tiles")
    program.background()
    program.foreground()

    program.send_now()
    while upload := program.next_upload(kaiku.Connection.UNMETERED):
        status, retry_after, _ = send(upload)
        print("upload:", status)
        program.uploaded(upload.id, status, retry_after)
        if status != 202:
            break
    # Behind an upload: what is used by others who use the same.
    if fetch := program.next_fetch(kaiku.Connection.UNMETERED):
        status, _, file = send(fetch)
        print("fetch:", status, program.fetched(status, file).name)
    for suggestion in program.recommend("en", 1):
        print("suggested:", suggestion.title, "-", suggestion.because)
        program.shown(suggestion.feature)

    status = program.status()
    print("status:", status.state.name, "panics", status.panics)
    for receipt in program.receipts():
        print("receipt:", receipt.day, receipt.events, "events")

    # Its owner turns it off, and wants to be forgotten.
    try:
        if request := program.forget_upload():
            print("forget:", send(request)[0])
        program.turn_off()
        print("off:", program.status().state.name)
    except kaiku.KaikuError as trouble:
        print("not off:", trouble)
    program.finish()
    print("the app goes on")


main()
