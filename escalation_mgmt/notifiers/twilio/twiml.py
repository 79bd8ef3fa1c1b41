"""What a phone call says: TwiML, by Twilio's own classes (https://www.twilio.com/docs/voice/twiml)."""

import re
from collections.abc import Sequence
from xml.etree import ElementTree

import frappe
from frappe import _
from frappe.translate import print_language
from twilio.twiml.voice_response import Gather, VoiceResponse

from escalation_mgmt.notifiers.base import Message

ACKNOWLEDGE, REPEAT, ESCALATE, NO_MORE_CALLS = "1", "2", "3", "9"
KEY_SECONDS = 8  # for pressing a key
LONGEST = 600  # characters read aloud
_URL = re.compile(r"https?://\S+")
_VOICES = {
	"ar": ("arb", "Polly.Zeina"),
	"cs": ("cs-CZ", ""),
	"da": ("da-DK", "Polly.Naja"),
	"de": ("de-DE", "Polly.Vicki"),
	"en": ("en-US", "Polly.Joanna"),
	"en-gb": ("en-GB", "Polly.Amy"),
	"en-in": ("en-IN", "Polly.Aditi"),
	"es": ("es-ES", "Polly.Lucia"),
	"es-mx": ("es-MX", "Polly.Mia"),
	"fi": ("fi-FI", ""),
	"fr": ("fr-FR", "Polly.Lea"),
	"fr-ca": ("fr-CA", "Polly.Chantal"),
	"hi": ("hi-IN", "Polly.Aditi"),
	"it": ("it-IT", "Polly.Bianca"),
	"ja": ("ja-JP", "Polly.Mizuki"),
	"ko": ("ko-KR", "Polly.Seoyeon"),
	"nb": ("nb-NO", "Polly.Liv"),
	"nl": ("nl-NL", "Polly.Lotte"),
	"no": ("nb-NO", "Polly.Liv"),
	"pl": ("pl-PL", "Polly.Ewa"),
	"pt": ("pt-PT", "Polly.Ines"),
	"pt-br": ("pt-BR", "Polly.Camila"),
	"ro": ("ro-RO", "Polly.Carmen"),
	"ru": ("ru-RU", "Polly.Tatyana"),
	"sv": ("sv-SE", "Polly.Astrid"),
	"tr": ("tr-TR", "Polly.Filiz"),
	"zh": ("cmn-CN", "Polly.Zhiyu"),
}
"""Frappe's language, as Twilio calls it, and a voice for it."""


class Speaker:
	"""Speaks to one person: in their language, by their voice."""

	def __init__(self, language: str, voice: str = ""):
		self._language = language or frappe.local.lang or "en"
		self._voice = voice

	def read(
		self,
		message: Message,
		tickets: Sequence[str],
		keys_url: str,
		first: str = "",
		*,
		run_again: bool = False,
	) -> str:
		"""Read a message and ask for a key. `first` is said before it; with `run_again` the third key is for that. Silence ends the
		call.
		"""
		response = VoiceResponse()
		with print_language(self._language):
			menu = Gather(
				action=keys_url,
				method="POST",
				num_digits=1,
				timeout=KEY_SECONDS,
				input="dtmf",
				finish_on_key="",
			)
			if first:
				self._say(menu, first)
			self._say(menu, spoken(message.text, tickets), content=True)
			if run_again:
				keys = _("Press 1 to acknowledge. Press 2 to hear this again. Press 3 to run the plan again.")
			else:
				keys = _(
					"Press 1 to acknowledge. Press 2 to hear this again. Press 3 if somebody else has to take it."
				)
			self._say(menu, keys)
			self._say(menu, _("Press 9 for no more calls about this."))
			response.append(menu)
			self._say(response, _("No key was pressed. The escalation goes on."))
			response.hangup()
		return str(response)

	def leave(self, message: Message, tickets: Sequence[str]) -> str:
		"""Say it to a machine, which is asked for nothing."""
		response = VoiceResponse()
		with print_language(self._language):
			self._say(response, spoken(message.text, tickets), content=True)
			self._say(response, _("Nobody has acknowledged it yet. Open the ticket in the helpdesk."))
			response.hangup()
		return str(response)

	def end(self, *sentences: str) -> str:
		"""Say something and hang up. The sentences are in the person's language already."""
		response = VoiceResponse()
		for sentence in sentences:
			self._say(response, sentence)
		response.hangup()
		return str(response)

	def _say(self, parent: VoiceResponse | Gather, text: str, content: bool = False) -> None:
		# Our own sentences may not be translated: English isn't to be read by a German voice.
		language = self._language if content or self._is_translated() else "en"
		code, voice = _VOICES.get(language.lower()) or _VOICES.get(language.lower()[:2]) or _VOICES["en"]
		chosen = self._voice or voice
		parent.say(_clean(text), language=code, **({"voice": chosen} if chosen else {}))

	def _is_translated(self) -> bool:
		sample = "No key was pressed. The escalation goes on."
		return _(sample, lang=self._language) != sample


def said(xml: str) -> str:
	"""What a TwiML document says, a sentence a line."""
	return "\n".join(element.text or "" for element in ElementTree.fromstring(xml).iter("Say"))


def spoken(text: str, tickets: Sequence[str]) -> str:
	"""A text for the ear: no addresses, and the numbers of its tickets digit by digit."""
	text = " ".join(_URL.sub("", text).split())[:LONGEST]
	if numbers := "|".join(filter(str.isdigit, tickets)):
		text = re.sub(rf"(?<!\d)(?:{numbers})(?!\d)", lambda found: " ".join(found[0]), text)
	return text


def _clean(text: str) -> str:
	"""Without what XML can't hold."""
	return "".join(letter for letter in text if letter.isprintable() or letter == " ").strip()
