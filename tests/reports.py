"""Two reports of one event, invented, each in two templates: what tests serve to the product as small outlets."""

from dataclasses import dataclass
from html import escape
from typing import Final

# Said once, printed twice: 36 words, broken by a hyphen in one report and by full stops in the other.
SAID: Final = (
    "We have asked the river authority to account for every hour in which {adjective} sensors stood idle, and until "
    "that account is on my desk no further money will be released for the barrier at Aldermoor"
)


@dataclass(frozen=True, slots=True)
class Report:
    """What one desk wrote, and the furniture that its page puts around it."""

    title: str
    published: str
    author: str
    outlet: str
    caption: str
    text: tuple[str, ...]


FIRST: Final = Report(
    title="Minister freezes Aldermoor barrier money over silent flood gauges",
    published="2024-11-12T18:40:00+01:00",
    author="Tove Lindqvist",
    outlet="Brekke Courier",
    caption="Weighhouse Street on the morning after the flood. Photo: Marten Vik / Nordbild",
    text=(
        "Infrastructure minister Petra Hallwick has frozen payments for the tidal barrier at Aldermoor after learning "
        "that warning instruments along the Lisse were switched off during the night on which 140 homes in the town "
        "were flooded.",
        "The decision, announced on Tuesday evening, halts a project worth 61 million crowns and leaves half-built "
        "concrete piers standing in the estuary. It follows an account of the failure that the Delta Observer first "
        "reported at the weekend, citing maintenance logs.",
        "According to those logs, eleven of the fourteen gauges upstream of the town stopped sending readings shortly "
        "after ten on the evening of 3 November. Nobody at the control room in Brekke noticed until firefighters "
        "telephoned at twenty to four, by which time water was pouring over the quay.",
        f"“{SAID.format(adjective='EU-funded')},” Hallwick told reporters outside her office.",
        "The authority's director, Joren Maas, rejected any suggestion of negligence. He said that a software update "
        "had been scheduled months in advance and that the supplier had promised an interruption of ten minutes at "
        "most. “We were let down by a contractor, and we shall say so in writing,” he added.",
        "Residents gave a different picture. Ilse Tornby, who runs a bakery on Weighhouse Street, said that the sirens "
        "never sounded and that she woke because her dog was barking at the stairs. Her ovens, bought on credit last "
        "spring, are beyond repair.",
        "“My neighbour carried his mother out through a window,” she said. “Nobody had told us anything, and then the "
        "lights went.”",
        "Emergency services rescued 63 people by boat. Two men were treated for hypothermia, and a third is still in "
        "hospital at Brekke with a broken hip. Insurers estimate the damage at nine million crowns, although surveyors "
        "have yet to enter the lowest streets.",
        "The gauges were installed four years ago under a programme that paid three quarters of their cost. Brussels "
        "may ask for the subsidy back if equipment is found to have been left without supervision, a commission "
        "official said, speaking on condition of anonymity because no inquiry has been opened.",
        "Parliament's audit committee will question both Hallwick and Maas next Thursday. Its chair, Dagny Rusk, said "
        "that she expected to see the complete logs beforehand, including the names of those on duty.",
    ),
)
SECOND: Final = Report(
    title="No more cash for Lisse flood defences until river bosses explain blackout, says Hallwick",
    published="2024-11-13T09:15:00+01:00",
    author="Espen Rydberg",
    outlet="The Sundby Standard",
    caption="Petra Hallwick leaves the ministry on Tuesday night. (Photograph: Inga Sole/The Sundby Standard)",
    text=(
        "Taxpayers will not put another crown into Aldermoor's tidal barrier until managers explain why flood gauges "
        "along the river Lisse went dark, Petra Hallwick, the minister for infrastructure, said in the sharpest rebuke "
        "yet to the authority that looks after the country's waterways.",
        "Hallwick stopped the payments on Tuesday, a week after the sea broke into the town. Some 140 homes stood "
        "under water by daybreak, and the barrier that might have saved them, budgeted at 61 million crowns, is half "
        "finished.",
        f"“{SAID.format(adjective='E.U. funded')},” she said.",
        "The failure of the gauges was first reported by the Delta Observer, whose journalists obtained maintenance "
        "records showing that eleven out of fourteen fell silent while a storm surge was travelling up the estuary. "
        "Engineers consulted by this newspaper called the timing of that software update reckless.",
        "“You do not take your smoke alarm apart when you can smell burning,” said Henrik Vaal, a hydrologist at "
        "Sundby technical college. Tide tables, he noted, had pointed to a dangerous peak for at least five days.",
        "Joren Maas, who heads the authority, blames a supplier. He has appointed an outside lawyer and promises an "
        "interim paper before Christmas; the union in the Brekke control room complained that technicians were being "
        "made scapegoats for years of cuts.",
        "In Aldermoor itself, volunteers spent Wednesday shovelling mud out of houses in Weighhouse Street. Mayor "
        "Signe Brandt walked from door to door with a notebook, writing down who needed heaters or medicine. "
        "Firefighters had fetched dozens of residents by boat when no siren sounded.",
        "Holding back money for the barrier, Brandt argued, punishes people who have just lost their furniture, since "
        "a finished gate would have kept the tide out with or without gauges. “Find the guilty by all means, but "
        "please do it while the cranes are moving,” she said.",
        "Parliament wants answers as well. Its audit committee hears Maas and then Hallwick soon; the opposition "
        "intends to ask when the minister first learnt that the instruments were unreliable, as a memo to that effect "
        "had been lying in her department since late summer.",
        "The subsidy may be lost too. Brussels bore most of the cost of the equipment, and commission officials can "
        "claim back what was not looked after.",
        "Whether the freeze can be enforced is another matter. Contracts with the builders provide for penalties of "
        "40,000 crowns a day, lawyers say, and a court might well regard it as a breach.",
    ),
)

# A line of each kind of furniture below; none may be in a clean text.
FURNITURE: Final = (
    "advertisement", "share this", "facebook", "covers rivers and roads", "leave a reply", "never miss", "follow us",
    "photo", "nordbild", "published by", "min read", "and counting", "until polling day", "all rights", "most read",
    "a bridge too dear", "avatar", "by tove", "by espen",
)  # fmt: skip


def semantic(report: Report) -> str:
    """A theme of today: article, figure, labelled boxes, structured data."""
    title, author = escape(report.title), escape(report.author)
    paragraphs = [f"<p>{escape(paragraph)}</p>" for paragraph in report.text]
    ad = '<div class="ad-wrap"><h6 class="ad-label">- Advertisement -</h6><ins class="adsbygoogle"></ins></div>'
    figure = f'<figure><img src="/a.jpg" alt="A street"><figcaption>{escape(report.caption)}</figcaption></figure>'
    body = "\n".join([*paragraphs[:3], ad, *paragraphs[3:6], figure, *paragraphs[6:8], ad, *paragraphs[8:]])
    return f"""<!doctype html><html lang="en"><head><title>{title} - {report.outlet}</title>
<meta property="og:title" content="{title}"><meta property="og:type" content="article">
<script type="application/ld+json">{{"@context": "https://schema.org", "@type": "NewsArticle", "headline": "{title}",
"datePublished": "{report.published}", "author": {{"@type": "Person", "name": "{author}"}}}}</script>
</head><body><header><nav><ul><li><a href="/">Home</a></li><li><a href="/politics">Politics</a></li></ul></nav></header>
<article><header><h1>{title}</h1><div class="meta"><img alt="Avatar photo"><a rel="author" href="/who">By {author}</a>
<time datetime="{report.published}">Tuesday</time> <span>4 min read</span></div></header>
<div class="entry-content">{body}
<p><a href="https://news.example/x">Follow us on Google News</a></p></div>
<div class="share-box"><span>Share this article</span><a href="#">Facebook</a><a href="#">Email</a></div>
<div class="author-bio"><img alt="Avatar photo"><a href="/who">{author}</a><p>{author} covers rivers and roads for the
{report.outlet} and lives near both.</p></div>
<div class="newsletter"><h3>Never miss a story</h3><p>Sign up for our morning letter.</p></div></article>
<section id="comments"><h3>Leave a reply</h3><p>Your email address will not be published.</p></section>
<footer><p>© 2024 {report.outlet}. All rights reserved.</p></footer></body></html>"""


def soup(report: Report) -> str:
    """A content system of its own making: boxes in boxes, and everything is a paragraph."""
    title, paragraphs = escape(report.title), [f"<p>{escape(paragraph)}</p>" for paragraph in report.text]
    ad = "<p>ADVERTISEMENT</p>"
    caption = f'<p><img src="/a.jpg" alt=""></p><p>{escape(report.caption)}</p>'
    body = "".join([caption, *paragraphs[:4], ad, *paragraphs[4:7], ad, *paragraphs[7:]])
    return f"""<html lang="en"><head><title>{title} | {report.outlet}</title>
<meta name="author" content="{escape(report.author)}">
<meta property="article:published_time" content="{report.published}">
</head><body><div class="w"><div class="top"><div><a href="/">{report.outlet}</a></div>
<div class="clock"><p>17 days until polling day and counting</p></div></div>
<div class="c1"><div class="c2"><div class="h"><div class="t"><h1>{title}</h1></div></div>
<div class="by"><p>Published by</p><a href="/who"></a></div><div class="b">{body}</div>
<div class="f"><p>Share this:</p><p><a href="#">Facebook</a></p></div>
<div class="g"><p>{escape(report.author)} covers rivers and roads for the {report.outlet} and lives near both.</p>
</div></div>
<div class="r"><p>Most read</p><p><a href="/2024/11/bridge">A bridge too dear for the island</a></p></div></div>
<div class="z"><p>© 2024 {report.outlet}. All rights reserved.</p></div></div></body></html>"""


PAGES: Final = {
    "tidewater.test": semantic(FIRST),
    "lowland.test": soup(FIRST),
    "standard.test": soup(SECOND),
    "highmoor.test": semantic(SECOND),
}
REPORTS: Final = {"tidewater.test": FIRST, "lowland.test": FIRST, "standard.test": SECOND, "highmoor.test": SECOND}
