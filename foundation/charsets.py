"""Which codec reads a charset's name on the web: those of the Encoding Standard, whatever a header or a page asks for.

A stranger's name is looked up in tables only, never handed to Python's codec registry: that would import a module of
the stranger's choice out of ``encodings``, run codecs that are none (rot13, zlib, unicode_escape), and remember every
name that it was ever asked for.
"""

from __future__ import annotations

import codecs
import re
from encodings.aliases import aliases
from typing import Final

# Byte order marks, the longer first: UTF-32's begins with UTF-16's.
BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# https://encoding.spec.whatwg.org/#names-and-labels, by the names of Python's modules. The standard refuses UTF-7, HZ,
# ISO-2022-KR and -CN and knows no UTF-32.
CHARSETS: Final = frozenset(
    {
        *("utf_8", "utf_16_le", "utf_16_be", "cp866", "cp874", "koi8_r", "koi8_u", "mac_roman", "mac_cyrillic"),
        *(f"iso8859_{part}" for part in (2, 3, 4, 5, 6, 7, 8, 10, 13, 14, 15, 16)),
        *(f"cp{page}" for page in range(1250, 1259)),
        *("gb18030", "big5hkscs", "euc_jp", "iso2022_jp_ext", "cp932", "cp949"),
    }
)
# What the standard reads under these names; Python's own tables are narrower.
_WIDER: Final = {
    "latin_1": "cp1252",
    "ascii": "cp1252",
    "iso8859_1": "cp1252",
    "iso8859_9": "cp1254",
    "iso8859_11": "cp874",
    "tis_620": "cp874",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "big5": "big5hkscs",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "johab": "cp949",
    "iso2022_jp": "iso2022_jp_ext",
    "utf_16": "utf_16_le",
}
# Labels of the standard that Python does not know; `x-` before a name is left out anyway.
_LABELS: Final = {
    **dict.fromkeys(("unicode_1_1_utf_8", "unicode11utf8", "unicode20utf8"), "utf_8"),
    **dict.fromkeys(("csiso88596e", "csiso88596i"), "iso8859_6"),
    **dict.fromkeys(("sun_eu_greek",), "iso8859_7"),
    **dict.fromkeys(("csiso88598e", "csiso88598i", "logical", "visual"), "iso8859_8"),
    **dict.fromkeys(("csisolatin9",), "iso8859_15"),
    **dict.fromkeys(("koi", "koi8"), "koi8_r"),
    **dict.fromkeys(("koi8_ru",), "koi8_u"),
    **dict.fromkeys(("dos_874", "windows_874"), "cp874"),
    **dict.fromkeys(("csmacintosh", "mac"), "mac_roman"),
    **dict.fromkeys(("mac_ukrainian",), "mac_cyrillic"),
    **dict.fromkeys(("csgb2312", "gb_2312", "gb_2312_80"), "gb18030"),
    **dict.fromkeys(("cn_big5",), "big5hkscs"),
    **dict.fromkeys(("cseucpkdfmtjapanese",), "euc_jp"),
    **dict.fromkeys(("windows_31j",), "cp932"),
    **dict.fromkeys(("cseuckr", "csksc56011987", "iso_ir_149", "ks_c_5601_1989", "ksc_5601", "windows_949"), "cp949"),
    **dict.fromkeys(("unicodefffe",), "utf_16_be"),
    **dict.fromkeys(("csunicode", "iso_10646_ucs_2", "ucs_2", "unicode", "unicodefeff"), "utf_16_le"),
}
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._:() -]{0,39}")
_JOINT: Final = re.compile(r"[^a-z0-9]+")


def text_codec(name: str) -> str | None:
    """Return the Python codec for a charset's name on the web, or None where it names no charset."""
    name = name.strip().lower()
    if not _NAME.fullmatch(name):
        return None
    spelled = _JOINT.sub("_", name).strip("_").removeprefix("x_").removeprefix("x_")
    if (number := re.fullmatch(r"iso_?8859_?(\d+)(?:_[ei])?", spelled)) is not None:
        spelled = f"iso8859_{number[1]}"
    module = _LABELS.get(spelled) or aliases.get(spelled, spelled)
    module = _WIDER.get(module, module)
    return codecs.lookup(module).name if module in CHARSETS else None


def marked(body: bytes) -> str | None:
    """Return the codec that a byte order mark names."""
    return next((codec for mark, codec in BOMS if body.startswith(mark)), None)
