"""The page behind a link in each of its states, in three languages, as it is sent: for tests of how it looks.

`python -m tests.browser.renders SITE` prints JSON: {"state language": HTML}. No translation of the app's is needed: what stands around a
sheet is given, too.
"""

import json
import sys
from typing import Any

from escalation_mgmt.actions.from_message import Offer, What
from escalation_mgmt.web import acknowledgement
from escalation_mgmt.web.sheet import Line, Sheet
from host import sites

WAYS, SNOOZES = (15, 30, 60, 120), (15, 30, 60)

# Of each language: words around it, labels, what is said; the longest that its people are likely to write.
LANGUAGES: dict[str, dict[str, Any]] = {
	"en": {
		"words": ("Ticket {0}", "since {0}", "Next", "Told", "{0} min", "Open the Ticket"),
		"labels": ("Acknowledge", "Somebody Else Has to Take It", "I Am on My Way", "Snooze", "Undo"),
		"subject": "Mail server in rack 4 doesn't answer, all of the Hamburg office is offline",
		"facts": ("Urgent", "First Response", "12 min", "02:11", "Step 4 (Email) in 3 min"),
		"told": (("Tina Tech", "push 12 min ago, SMS 7 min ago"), ("Leo Lead", "call not answered 2 min ago")),
		"states": ("Not acknowledged yet", "You have it", "This link is not valid"),
		"text": "Press the button to take it. The escalation stops, and the others are told.",
		"state": "Escalating: step 3 of 5",
		"all": "Acknowledge All 5",
	},
	"de": {
		"words": ("Ticket {0}", "seit {0}", "Danach", "Benachrichtigt", "{0} Min.", "Ticket öffnen"),
		"labels": ("Übernehmen", "Jemand anders muss es übernehmen", "Bin unterwegs", "Zurückstellen", "Rückgängig"),
		"subject": "Datenbankserverzugriffsverletzung: Auftragsbearbeitungssystem antwortet nicht mehr",
		"facts": ("Außerordentlich dringend", "Erstreaktionszeit", "1 Std. 12 Min.", "02:11", "Schritt 4 (Telefonanruf) in 3 Min."),
		"told": (("Wolfgang-Maximilian Schwarzenberger", "Push-Nachricht vor 12 Min., SMS vor 7 Min."),),
		"states": ("Noch nicht übernommen", "Sie haben es", "Dieser Link ist nicht gültig"),
		"text": "Mit dem Knopf übernehmen Sie es. Die Eskalation hält an, und die anderen erfahren davon.",
		"state": "Eskaliert: Schritt 3 von 5",
		"all": "Alle 5 übernehmen",
	},
	"ar": {
		"words": ("تذكرة {0}", "منذ {0}", "التالي", "تم إبلاغ", "{0} دقيقة", "فتح التذكرة"),
		"labels": ("أستلمها", "يجب أن يستلمها شخص آخر", "أنا في الطريق", "تأجيل", "تراجع"),
		"subject": "خادم البريد في الخزانة 4 (rack 4) لا يستجيب",
		"facts": ("عاجل", "الرد الأول", "12 دقيقة", "02:11", "الخطوة 4 (بريد إلكتروني) بعد 3 دقائق"),
		"told": (("Tina Tech", "SMS قبل 7 دقائق"), ("ليلى القائدة", "مكالمة قبل دقيقتين")),
		"states": ("لم يستلمها أحد بعد", "هي لديك", "هذا الرابط غير صالح"),
		"text": "اضغط الزر لاستلامها. يتوقف التصعيد ويتم إبلاغ الآخرين.",
		"state": "قيد التصعيد: الخطوة 3 من 5",
		"all": "استلام الكل 5",
	},
}  # fmt: skip


def sheets(of: dict[str, Any]) -> dict[str, Sheet]:
	"""The page in each of its states."""
	priority, clock, age, since, then = of["facts"]
	line = Line(
		"0001", of["subject"], priority, "urgent", clock, age, since, then, of["told"], state=of["state"]
	)
	bare = Line("0001", of["subject"], priority, "high", clock, age, since, then)
	what = dict(zip(What, of["labels"], strict=True))
	minutes = {What.ON_MY_WAY: WAYS, What.SNOOZE: SNOOZES}
	offers = tuple(
		Offer(what=each, label=what[each], minutes=minutes.get(each, ()))
		for each in What
		if each is not What.UNDO
	)
	undo = (Offer(what=What.UNDO, label=what[What.UNDO]),)
	waiting, taken, invalid = of["states"]
	asks = {"tone": "urgent", "button": of["labels"][0], "offers": offers}
	return {
		"open": Sheet(waiting, of["text"], items=(line,), open="/app/hd-ticket/1", **asks),
		"bare": Sheet(waiting, of["text"], items=(bare,), **asks),
		"bundle": Sheet(waiting, of["text"], items=(bare,) * 5, **asks | {"button": of["all"]}),
		"taken": Sheet(taken, of["text"], tone="good", items=(line,), offers=undo, open="/app", done=True),
		"invalid": Sheet(invalid, of["text"], status=404),
	}


def all_of_them(site: str) -> dict[str, str]:
	sites.enter(site)
	sites.connect(site)
	names = ("ticket", "since", "next", "told", "minutes", "open")
	return {
		f"{state} {lang}": acknowledgement.html_of(
			sheet, dict(zip(names, of["words"], strict=True)), lang, "rtl" if lang == "ar" else "ltr"
		)
		for lang, of in LANGUAGES.items()
		for state, sheet in sheets(of).items()
	}


if __name__ == "__main__":
	print(json.dumps(all_of_them(sys.argv[1])))
