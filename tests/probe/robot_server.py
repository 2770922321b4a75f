"""A server with ROBOT on purpose, for tests on loopback: it says at once that a padding is wrong.

Usage: robot_server.py PORT CERTIFICATE KEY          (needs tlslite-ng)
"""

import socket
import sys
import threading

from tlslite.api import HandshakeSettings, TLSConnection, X509CertChain, parsePEMKey
from tlslite.constants import AlertDescription
from tlslite.errors import TLSLocalAlert
from tlslite.messages import Alert

port, certificate, key = int(sys.argv[1]), sys.argv[2], sys.argv[3]
chain = X509CertChain()
chain.parsePemList(open(certificate).read())
private = parsePEMKey(open(key).read(), private=True)
plain = private._rawPrivateKeyOp


def decrypt(data):
    """The message behind its padding; an alert of its own where there is none."""
    message = plain(int.from_bytes(data, "big")).to_bytes(len(data), "big")
    end = message.find(b"\0", 2)
    if message[:2] != b"\0\2" or end < 10:
        alert = Alert().create(AlertDescription.decrypt_error, 2)
        raise TLSLocalAlert(alert, "bad padding")
    return bytearray(message[end + 1 :])


private.decrypt = decrypt
settings = HandshakeSettings()
settings.minVersion, settings.maxVersion = (3, 1), (3, 3)
settings.keyExchangeNames = ["rsa"]
settings.cipherNames = ["aes128", "aes256"]


def serve(client):
    client.settimeout(10)
    connection = TLSConnection(client)
    try:
        connection.handshakeServer(certChain=chain, privateKey=private, settings=settings)
        connection.close()
    except TLSLocalAlert as wrong:
        if wrong.message == "bad padding":
            client.sendall(bytes([21, 3, 3, 0, 2, 2, AlertDescription.decrypt_error]))
    except Exception:
        pass
    finally:
        client.close()


listener = socket.socket()
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
listener.bind(("127.0.0.1", port))
listener.listen(64)
while True:
    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
