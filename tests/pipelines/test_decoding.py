"""From bytes to characters: every charset of the web, whatever is declared of it, and mojibake undone."""

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foundation.charsets import CHARSETS, text_codec
from pipelines.decoding import decode, repaired
from pipelines.extract import read_page
from pipelines.markup import clean
from pipelines.reading import Article
from tests.pipelines.writing import STORY, page

# One report in many languages: what a page of each says, in the charsets that it is or was written in.
REPORTS = {
    "ru": "Мост через гавань останется закрытым, пока не проверят каждый из сорока тросов, сообщил во вторник "
    "городской совет. Паромы будут перевозить грузовики бесплатно с четверга, а школы откроются на два часа позже.",
    "uk": "Міст через гавань залишиться закритим, доки не перевірять кожен із сорока тросів, повідомила у вівторок "
    "міська рада. Пороми безкоштовно перевозитимуть вантажівки з четверга, їх уже чекають на під’їзді.",
    "de": "Die Hafenbrücke bleibt geschlossen, bis alle vierzig Seile geprüft sind, teilte die Behörde für Straßen "
    "mit. Fähren übernehmen die Überfahrt für Lastwagen kostenlos; Schüler können später kommen.",
    "fr": "Le pont du port restera fermé jusqu’à ce que chacun de ses câbles ait été vérifié, a déclaré mardi la "
    "mairie. Les élèves arriveront plus tard à l’école, où l’on s’inquiète déjà. «\u00a0Ça va\u00a0?\u00a0»",
    "pl": "Most w porcie pozostanie zamknięty, dopóki każda z czterdziestu lin nie zostanie sprawdzona, poinformowała "
    "we wtorek rada miasta. Promy będą bezpłatnie przewozić ciężarówki. Źródła mówią, że śledztwo już się zaczęło.",
    "cs": "Přístavní most zůstane uzavřen, dokud nebude zkontrolováno všech čtyřicet lan, uvedla v úterý městská "
    "rada. Trajekty budou od čtvrtka převážet nákladní vozy zdarma, řekl přístavní kapitán.",
    "el": "Η γέφυρα του λιμανιού θα παραμείνει κλειστή μέχρι να ελεγχθεί καθένα από τα σαράντα καλώδιά της, ανακοίνωσε "
    "την Τρίτη το δημοτικό συμβούλιο. Τα πλοία θα μεταφέρουν φορτηγά δωρεάν.",
    "tr": "Liman köprüsü, kırk halatının her biri incelenene kadar kapalı kalacak, dedi belediye meclisi salı günü. "
    "Feribotlar perşembeden itibaren kamyonları ücretsiz taşıyacak; okullar iki saat geç açılacak. Işıklar söndü.",
    "is": "Hafnarbrúin verður lokuð þar til hver og einn af fjörutíu köplum hennar hefur verið skoðaður, sagði ráðið á "
    "þriðjudag. Ferjur flytja vörubíla án endurgjalds frá fimmtudegi.",
    "pt": "A ponte do porto permanecerá fechada até que cada um de seus cabos seja inspecionado, disse a câmara. "
    "“NÃO HÁ RAZÃO PARA PÂNICO”, diz o capitão. AS AUTORIDADES PEDEM ATENÇÃO À POPULAÇÃO.",
    "vi": "Cây cầu ở cảng sẽ đóng cửa cho đến khi từng sợi cáp được kiểm tra, hội đồng thành phố cho biết hôm thứ Ba. "
    "Phà sẽ chở xe tải miễn phí từ thứ Năm, và các trường học mở cửa muộn hơn hai giờ.",
    "he": "הגשר בנמל יישאר סגור עד שכל אחד מארבעים הכבלים שלו ייבדק, הודיעה המועצה ביום שלישי. מעבורות יסיעו משאיות.",
    "ar": "سيبقى جسر الميناء مغلقا إلى أن يتم فحص كل كابل من كابلاته الأربعين، حسبما قال المجلس يوم الثلاثاء.",
    "th": "สะพานท่าเรือจะยังคงปิดจนกว่าจะมีการตรวจสอบสายเคเบิลทั้งสี่สิบเส้น สภาเมืองกล่าวเมื่อวันอังคาร",
    "ja": "港の橋は、四十本のケーブルがすべて点検されるまで閉鎖されたままになると、市議会が火曜日に発表した。木曜日から"
    "フェリーがトラックを無料で運ぶ。学校は二時間遅れて始まる予定だ。",
    "zh": "港口大桥将继续关闭，直到四十根缆绳全部检查完毕，市议会周二表示。从周四开始，渡轮将免费运送卡车。",
    "zh-TW": "港口大橋將繼續關閉，直到四十根纜繩全部檢查完畢，市議會週二表示。從週四開始，渡輪將免費運送卡車。",
    "ko": "항구 다리는 마흔 개의 케이블을 모두 점검할 때까지 폐쇄될 것이라고 시의회가 화요일에 밝혔다. "
    "목요일부터 여객선이 트럭을 나른다.",
}
CHARSETS_OF = [
    ("ru", "windows-1251"),
    ("ru", "koi8-r"),
    ("ru", "iso-8859-5"),
    ("ru", "ibm866"),
    ("uk", "koi8-u"),
    ("de", "windows-1252"),
    ("fr", "windows-1252"),
    ("fr", "iso-8859-15"),
    ("pl", "iso-8859-2"),
    ("pl", "windows-1250"),
    ("cs", "iso-8859-2"),
    ("cs", "windows-1250"),
    ("el", "windows-1253"),
    ("el", "iso-8859-7"),
    ("tr", "windows-1254"),
    ("is", "windows-1252"),
    ("he", "windows-1255"),
    ("ar", "windows-1256"),
    ("th", "windows-874"),
    ("ja", "shift_jis"),
    ("ja", "euc-jp"),
    ("zh", "gb18030"),
    ("zh-TW", "big5"),
    ("ko", "euc-kr"),
]
WORDS = sorted({word for report in REPORTS.values() for word in report.split()} - {""})


def encoded(language: str, charset: str) -> tuple[bytes, str]:
    """A page in a charset that nothing on it names, and its text as far as that charset can spell it."""
    codec = text_codec(charset)
    assert codec is not None
    report = REPORTS[language].encode(codec, "ignore").decode(codec)
    html = (
        f"<html><head><title>Bridge</title><script>var a = 1;</script></head><p>{report}</p>" + f"<p>{report}</p>" * 2
    )
    return html.encode(codec), html


@pytest.mark.parametrize(("language", "charset"), CHARSETS_OF)
def test_an_older_charset_is_detected_where_nothing_declares_it(language: str, charset: str) -> None:
    body, html = encoded(language, charset)
    assert decode(body, "text/html").text == html


@pytest.mark.parametrize(("language", "charset"), CHARSETS_OF)
def test_the_header_or_the_page_declares_it(language: str, charset: str) -> None:
    body, html = encoded(language, charset)
    by_header = decode(body, f'text/html; Charset="{charset}"')
    assert (by_header.text, by_header.charset) == (html, text_codec(charset))
    for declaration in (
        f"<meta charset='{charset}'>",
        f'<META HTTP-EQUIV="Content-Type" CONTENT="text/html; charset={charset}">',
        f"<?xml version='1.0' encoding='{charset}'?>",
        f"<!-- <meta charset=utf-16> --><script charset='utf-8'></script>{' ' * 9_000}<meta charset={charset}>",
    ):
        assert decode(declaration.encode() + body, "text/html").text == declaration + html


@pytest.mark.parametrize(
    ("body", "content_type", "charset"),
    [
        pytest.param("é".encode(), "text/html; charset=iso-8859-1", "utf-8", id="a server's default over UTF-8"),
        pytest.param("<meta charset=windows-1251>é".encode(), None, "utf-8", id="a template's word over UTF-8"),
        pytest.param(b"\xef\xbb\xbf\xc3\xa9", "text/html; charset=koi8-r", "utf-8", id="a mark before the header"),
        pytest.param("<p>é".encode("utf-16"), None, "utf-16", id="UTF-16 with a mark"),
        pytest.param("<html><p>Brücke".encode("utf-16-le"), None, "utf-16-le", id="UTF-16 without a mark"),
        pytest.param("<html><p>Brücke".encode("utf-16-be"), "text/html", "utf-16-be", id="UTF-16, big end first"),
        pytest.param("<p>港の橋".encode("iso2022_jp"), None, "iso2022_jp_ext", id="ISO-2022-JP"),
        pytest.param(b"<meta charset=iso-8859-2>\xe9", "text/html; charset=iso-8859-1", "cp1252", id="header and page"),
        pytest.param(b"<meta charset=shift_jis>\x8dX\x90V", "text/html; charset=utf-8", "cp932", id="header is wrong"),
        pytest.param("é".encode() * 50 + b"\xc3", "text/html", "utf-8", id="UTF-8 cut within a character"),
        pytest.param("é".encode() * 50 + b"\x92", "text/html; charset=latin1", "utf-8", id="UTF-8 with a pasted sign"),
        pytest.param(b"caf\xe9 cr\xe8me", "text/html; charset=utf-8", "cp1252", id="declared UTF-8, which it is not"),
        pytest.param(b"<p>Bridge", "text/html; charset=iso-2022-kr", "utf-8", id="ASCII under any name"),
    ],
)
def test_which_charset_is_believed(body: bytes, content_type: str | None, charset: str) -> None:
    found = decode(body, content_type)
    assert found.charset == charset
    assert not found.text.startswith("\ufeff")


NOT_CHARSETS = (
    "rot13 rot_13 hex base64 zlib bz2 uu quopri unicode_escape raw_unicode_escape idna punycode utf-7 undefined mbcs"
    " oem aliases encodings.aliases ../os os sloppy-windows-1252 utf-8-variants java-utf8 cesu-8 hz iso-2022-kr utf-32"
)


@pytest.mark.parametrize("name", [*NOT_CHARSETS.split(), "utf\x00-8", "utf-8\x00", "", " ", "é", "u" * 10_000])
def test_what_names_no_charset_is_looked_up_nowhere(name: str) -> None:
    before = set(sys.modules)
    assert text_codec(name) is None
    assert set(sys.modules) == before
    assert decode(b"caf\xe9 cr\xe8me", f"text/html; charset={name}").text == "café crème"


@given(st.text())
def test_no_name_whatever_gives_another_codec_than_those_of_the_web(name: str) -> None:
    found = text_codec(name)
    assert found is None or found.replace("-", "_") in CHARSETS


@pytest.mark.parametrize(
    ("label", "codec"),
    [
        ("UTF8", "utf-8"),
        (" utf-8 ", "utf-8"),
        ("latin1", "cp1252"),
        ("ISO-8859-1", "cp1252"),
        ("iso88599", "cp1254"),
        ("iso_8859-2:1987", "iso8859-2"),
        ("x-sjis", "cp932"),
        ("Windows-31J", "cp932"),
        ("x-gbk", "gb18030"),
        ("gb2312", "gb18030"),
        ("ks_c_5601-1987", "cp949"),
        ("x-x-big5", "big5hkscs"),
        ("x-mac-cyrillic", "mac-cyrillic"),
        ("koi8-ru", "koi8-u"),
        ("utf-16", "utf-16-le"),
        ("macintosh", "mac-roman"),
    ],
)
def test_the_names_of_the_web_are_known(label: str, codec: str) -> None:
    assert text_codec(label) == codec


@given(st.binary(max_size=200), st.one_of(st.none(), st.text(max_size=30).map("text/html; charset={}".format)))
def test_any_bytes_become_characters(body: bytes, content_type: str | None) -> None:
    found = decode(body, content_type)
    assert isinstance(found.text, str)
    assert found == decode(body, content_type)


@pytest.mark.parametrize("language", REPORTS)
def test_a_text_that_is_no_mojibake_stays(language: str) -> None:
    for text in (REPORTS[language], REPORTS[language].upper(), REPORTS[language].title()):
        assert repaired(text) == text


@given(
    st.lists(st.sampled_from(WORDS), min_size=1, max_size=12), st.sampled_from([" ", " “", "” ", " – ", "… ", "\u00a0"])
)
def test_words_of_any_language_in_any_order_stay(words: list[str], between: str) -> None:
    text = between.join(words)
    assert repaired(text) == text


@pytest.mark.parametrize("language", REPORTS)
@pytest.mark.parametrize("wrong", ["sloppy-windows-1252", "latin-1"])
@pytest.mark.parametrize("times", [1, 2])
def test_utf8_that_was_read_as_one_byte_a_character_comes_back(language: str, wrong: str, times: int) -> None:
    for sentence in REPORTS[language].split(". "):
        broken = sentence
        for _ in range(times):
            broken = broken.encode().decode(wrong)
        assert clean(repaired(broken)) == clean(sentence)


def test_an_article_of_mojibake_is_repaired_and_says_so() -> None:
    lines = [STORY[0], REPORTS["fr"], STORY[2]]
    broken = [line.encode().decode("sloppy-windows-1252") for line in lines]
    html = page(broken, title="L’été à la plage".encode().decode("sloppy-windows-1252"))
    found = read_page(html.encode(), "https://www.example.org/world/bridge")
    assert isinstance(found, Article)
    assert (found.title, found.is_repaired, found.charset) == ("L’été à la plage", True, "utf-8")
    assert found.text == "\n\n".join(map(clean, lines))
    sound = read_page(page(lines).encode("utf-16"), "https://www.example.org/world/bridge")
    assert isinstance(sound, Article)
    assert (sound.is_repaired, sound.charset) == (False, "utf-16")
