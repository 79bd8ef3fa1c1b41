import json
import os
import signal
import smtplib
import socket
import subprocess
import sys
import time
from email.message import EmailMessage
from pathlib import Path

import pytest
import requests

from host.providers import LocalProviders, new_secret

ROOT = Path(__file__).parents[2]
HOSTILE = """<html><head><base href="http://evil.example/"><meta http-equiv="refresh"
content="0;http://evil.example/"></head><body onload="alert(1)"><script>alert(2)</script></iframe></div>
<img src="http://evil.example/p" onerror=alert(3)>
<a href="javascript:alert(4)">x</a><a href="https://site.example/ack">ok</a><form action="http://evil.example/">
<button>y</button></form></body></html>"""


def send_mail(address: tuple[str, int], subject: str = "Server down", html: str = "") -> None:
	mail = EmailMessage()
	mail["From"], mail["To"], mail["Subject"] = "help@example.com", "ada@example.com", subject
	mail.set_content("See https://site.example/ack")
	if html:
		mail.add_alternative(html, subtype="html")
	with smtplib.SMTP(*address, timeout=5) as smtp:
		smtp.send_message(mail)


def test_messages_as_json(providers):
	api = providers.inbox_url + "api/messages"
	for subject in ("one", "two", "three"):
		send_mail(providers.smtp_address, subject)
	everything = requests.get(api, timeout=5).json()
	assert [message["subject"] for message in everything["messages"]] == ["one", "two", "three"]
	assert (everything["first"], everything["last"]) == (1, 3)
	first = everything["messages"][0]
	assert (first["method"], first["to"]) == ("Email", "ada@example.com")
	assert first["links"] == ["https://site.example/ack"]
	assert first["received_at"].endswith("Z")
	later = requests.get(api, params={"since": 2}, timeout=5).json()
	assert [message["subject"] for message in later["messages"]] == ["three"]
	newest = requests.get(api, params={"limit": 2}, timeout=5).json()
	assert [message["subject"] for message in newest["messages"]] == ["two", "three"]
	assert requests.get(api, params={"since": "x"}, timeout=5).status_code == 400


def test_looking_takes_nothing(providers):
	send_mail(providers.smtp_address)
	requests.get(providers.inbox_url + "api/messages", timeout=5)
	providers.inbox.expect(method="Email")


def test_delete(providers):
	api = providers.inbox_url + "api/messages"
	send_mail(providers.smtp_address)
	assert requests.delete(api, timeout=5).status_code == 204
	left = requests.get(api, timeout=5).json()
	assert (left["messages"], left["first"], left["last"]) == ([], 2, 1)
	providers.inbox.assert_empty()


def test_the_page_runs_its_own_script_only(providers):
	page = requests.get(providers.inbox_url, timeout=5)
	assert page.status_code == 200
	policy = page.headers["Content-Security-Policy"]
	assert "default-src 'none'" in policy
	assert "script-src 'self'" in policy
	assert "unsafe" not in policy
	assert "width=device-width" in page.text
	for name in ("inbox.css", "inbox.js"):
		answer = requests.get(providers.inbox_url + name, timeout=5)
		assert answer.status_code == 200
		assert answer.headers["X-Content-Type-Options"] == "nosniff"
	assert "innerHTML" not in answer.text


def test_hostile_html_is_served_harmless(providers):
	send_mail(providers.smtp_address, subject="<script>alert(0)</script>", html=HOSTILE)
	message = providers.inbox.expect(contains="<script>alert(0)</script>")
	assert message.links == ("https://site.example/ack",)
	answer = requests.get(f"{providers.inbox_url}messages/{message.seq}/html", timeout=5)
	directives = dict(
		part.strip().partition(" ")[::2] for part in answer.headers["Content-Security-Policy"].split(";")
	)
	assert directives["default-src"] == "'none'"
	assert "script-src" not in directives
	assert set(directives["sandbox"].split()) == {"allow-popups", "allow-popups-to-escape-sandbox"}
	assert directives["base-uri"] == directives["form-action"] == "'none'"
	assert answer.text.startswith('<!doctype html><base target="_blank">')


@pytest.mark.parametrize("path", ["messages/99/html", "messages/x/html", "inbox.py", "..%2f__init__.py"])
def test_nothing_else_is_served(providers, path):
	assert requests.get(providers.inbox_url + path, timeout=5).status_code == 404


def test_a_taken_port_is_said_at_once():
	with socket.socket() as other:
		other.bind(("127.0.0.1", 0))
		other.listen()
		with pytest.raises(OSError), LocalProviders(smtp_port=other.getsockname()[1]):
			pass


def test_it_stops_at_once_with_requests_hanging(providers):
	with LocalProviders() as other:
		other.faults.pager.hang(30)
		other.faults.smtp.hang(30)
		with pytest.raises(requests.ReadTimeout):
			requests.post(other.pager_url, data=b"{}", timeout=0.1)
		smtp = smtplib.SMTP(*other.smtp_address, timeout=5)
		smtp.ehlo()
		smtp.mail("help@example.com")
		smtp.rcpt("ada@example.com")
		smtp.putcmd("data")
		smtp.getreply()
		smtp.send(b"Subject: x\r\n\r\nx\r\n.\r\n")
		other.inbox.wait_for(1, method="Email", timeout=5)
		started = time.monotonic()
	assert time.monotonic() - started < 2
	with pytest.raises(smtplib.SMTPServerDisconnected):
		smtp.noop()
	with pytest.raises(requests.ConnectionError):
		requests.get(other.inbox_url, timeout=1)


def test_as_a_process_of_its_own():
	secret = new_secret()
	process = subprocess.Popen(
		[sys.executable, "-m", "host.providers", "--print-json", "--pager-secret", secret],
		cwd=ROOT,
		env={**os.environ, "PYTHONUNBUFFERED": ""},
		stdout=subprocess.PIPE,
		text=True,
	)
	try:
		addresses = json.loads(process.stdout.readline())
		assert addresses["pager_secret"] == secret
		send_mail((addresses["smtp_host"], addresses["smtp_port"]))
		listed = requests.get(addresses["inbox_url"] + "api/messages", timeout=5).json()["messages"]
		assert [message["subject"] for message in listed] == ["Server down"]
		assert requests.post(addresses["pager_url"], data=b"{}", timeout=5).status_code == 401
		process.send_signal(signal.SIGTERM)
		assert process.wait(timeout=5) == 0
	finally:
		process.kill()
		process.wait()
		process.stdout.close()
