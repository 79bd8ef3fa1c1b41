"""Ten scripts: letters of each, and what people write in a helpdesk's subjects, for tests of texts on their way."""

import random

ALPHABETS = {
	"latin": "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@£$¥èéùìòÇØøÅåÆæßÉÄÖÑÜ§äöñüà",
	"latin extended": "ąćęłńóśźżĄĆĘŁŃÓŚŹŻčďěňřšťůžőűğışİşçâîățœẞđ“”–…",
	"greek": "αβγδεζηθικλμνξοπρστυφχψωΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΣΤΥΦΧΨΩάέήίόύώς",
	"cyrillic": "абвгдеёжзийклмнопрстуфхцчшщъыьэюяАБВГДЕЖЗИКЛМНОПРСТУФХЦЧШЩЭЮЯіїєґ",
	"arabic": "ابتثجحخدذرزسشصضطظعغفقكلمنهويىءآأؤإئةپچژگکی٠١٢٣٤٥٦٧٨٩",
	"hebrew": "אבגדהוזחטיכלמנסעפצקרשתךםןףץ",
	"devanagari": "अआइईउऊएऐओऔकखगघचछजझटठडढणतथदधनपफबभमयरलवशषसहािीुूेैोौं्०१२३४५६७८९",
	"han": "服务器故障机房火警无法登录数据库连接失败紧急打印系统网络中断备份恢复用户订单",
	"kana": "あいうえおかきくけこさしすせそたちつてとアイウエオカキクケコサシスセソガギグゲゴ障害発生",
	"thai": "กขคงจฉชซญดตถทธนบปผฝพฟภมยรลวศษสหอฮะาิีึืุูเแโใไ่้๊๋",
	"emoji": "😀🔥🚨💥📞🖨💾🛑✅🙏",
}

WORDS = {
	"latin": ["Server", "outage", "in", "rack", "4", "printer", "won't", "print", "URGENT:", "VPN", "down", "since", "03:00", "login", "fails", "€200", "refund", "[prod]"],
	"latin extended": ["Błąd", "połączenia", "z", "serwerem", "żółć", "nefunguje", "přihlášení", "tiskárna", "účet", "kiesés", "a", "kiszolgálón", "bağlantı", "yok", "“acil”", "–", "příliš"],
	"greek": ["Ο", "διακομιστής", "δεν", "απαντά", "βλάβη", "στο", "δίκτυο", "επείγον", "εκτυπωτής", "λογαριασμός", "σφάλμα", "σύνδεσης", "από", "χθες"],
	"cyrillic": ["Сервер", "не", "отвечает", "с", "утра,", "пожар", "в", "стойке", "№4", "принтер", "не", "печатает", "срочно!", "ошибка", "подключения", "к", "базе", "данных", "«Альфа»"],
	"arabic": ["الخادم", "لا", "يستجيب", "منذ", "الصباح،", "حريق", "في", "الرف", "٤", "الطابعة", "لا", "تعمل", "عاجل!", "خطأ", "في", "الاتصال", "بقاعدة", "البيانات"],
	"hebrew": ["השרת", "לא", "מגיב", "מאז", "הבוקר", "שריפה", "בארון", "4", "המדפסת", "לא", "מדפיסה", "דחוף!", "שגיאת", "התחברות", "למסד", "הנתונים"],
	"devanagari": ["सर्वर", "सुबह", "से", "जवाब", "नहीं", "दे", "रहा", "रैक", "4", "में", "आग", "प्रिंटर", "काम", "नहीं", "करता", "तुरंत!", "डेटाबेस", "कनेक्शन", "त्रुटि"],
	"han": ["服务器", "无响应", "机房", "4号机柜", "起火，", "打印机", "无法打印", "紧急！", "数据库", "连接失败", "VPN", "登录", "錯誤"],
	"kana": ["サーバーが", "応答しません。", "ラック4で", "火災", "プリンターが", "印刷できない", "至急！", "データベース", "接続エラー", "ログイン", "VPN"],
	"thai": ["เซิร์ฟเวอร์", "ไม่ตอบสนอง", "ตั้งแต่เช้า", "ไฟไหม้", "ตู้แร็ค 4", "เครื่องพิมพ์", "พิมพ์ไม่ได้", "ด่วน!", "ฐานข้อมูล", "ล้มเหลว"],
	"emoji": ["🔥", "Feuer", "🚨🚨", "im", "Serverraum", "👩‍🔬", "wartet", "👍🏽", "🇩🇪", "bitte", "☎️", "anrufen", "❗"],
}  # fmt: skip


def text_of(chance: random.Random, script: str, length: int) -> str:
	"""Letters of a script in words of any length, so many characters in all."""
	letters = ALPHABETS[script] + "   "
	return "".join(chance.choices(letters, k=length))


def subject_of(chance: random.Random, script: str) -> str:
	"""A subject as people write them: some words of a script, sometimes with a word of another one."""
	words = chance.choices(WORDS[script], k=chance.randrange(1, 14))
	if chance.random() < 0.3:
		words.insert(chance.randrange(len(words) + 1), chance.choice(WORDS[chance.choice(sorted(WORDS))]))
	if chance.random() < 0.3:
		words.insert(
			0, chance.choice(["Re:", "Fwd:", "[High]", "AW:", "Ticket 4711:", "=?", "=?utf-8?q?x?="])
		)
	return " ".join(words)
