"""Scrapy's settings: every one that differs from Scrapy 2.19's default says what the default is, and why it had to go.

What an operator changes is in `storyfold.toml`; `crawler.configure` carries it over the values here.
"""

import os
from importlib.metadata import PackageNotFoundError, version

try:
    VERSION = version("storyfold")
except PackageNotFoundError:  # run from a source tree that was never installed
    VERSION = "0"

BOT_NAME = "storyfold"  # default "scrapybot"
SPIDER_MODULES = ["crawler.spiders"]
NEWSPIDER_MODULE = "crawler.spiders"
COMMANDS_MODULE = "crawler.commands"  # `scrapy crawl` with an exit code that can be believed
ADDONS = {"crawler.configure.Configure": 0}

# --- Who asks, and how fast. storyfold.toml: crawl.user_agent, delay, crawl_delay_ceiling, concurrency
USER_AGENT = f"storyfold/{VERSION} (news monitoring)"  # default "Scrapy/2.19.0 (+https://scrapy.org)"
ROBOTSTXT_OBEY = True  # default False
CONCURRENT_REQUESTS = 16  # default 16
CONCURRENT_REQUESTS_PER_DOMAIN = 1  # default 8: more than a guest may ask
DOWNLOAD_DELAY = 1.0  # default 0
AUTOTHROTTLE_ENABLED = True  # default False
AUTOTHROTTLE_START_DELAY = 1.0  # default 5.0: DOWNLOAD_DELAY is the start, answers decide from there
CRAWL_DELAY_CEILING = 30.0  # ours: 10 of 4,231 real robots.txt ask for more than a minute
EXTENSIONS_BASE = {  # default: these and three more. One named None in EXTENSIONS is imported all the same
    # AutoThrottle with a memory, and the Crawl-delay that Scrapy ignores
    "crawler.fetching.politeness.Politeness": 0,  # default "scrapy.extensions.throttle.AutoThrottle"
    "scrapy.extensions.corestats.CoreStats": 0,
    "scrapy.extensions.logcount.LogCount": 0,
    "scrapy.extensions.memusage.MemoryUsage": 0,
    "scrapy.extensions.memdebug.MemoryDebugger": 0,
    "scrapy.extensions.closespider.CloseSpider": 0,
    "scrapy.extensions.feedexport.FeedExporter": 0,
    "scrapy.extensions.logstats.LogStats": 0,
    "scrapy.extensions.spiderstate.SpiderState": 0,
}

# --- Nothing listens in a running crawl. Both are also left out of EXTENSIONS_BASE: the second imports aiohttp
TELNETCONSOLE_ENABLED = False  # default True: a shell inside the process
REMOTE_CONTROL_ENABLED = False  # default True, new in 2.19: an HTTP server that executes code

# --- Where we connect
DOWNLOAD_HANDLERS = {
    # The guard checks the address that is connected to; names, redirects and odd spellings cannot lead around it.
    "http": "crawler.fetching.guard.GuardedDownloadHandler",
    "https": "crawler.fetching.guard.GuardedDownloadHandler",
    # Defaults on: a feed link `file:/etc/hostname` was read and stored.
    "file": None,
    "data": None,
    "ftp": None,
    "s3": None,
}
DOWNLOAD_VERIFY_CERTIFICATES = True  # default False
# A local web of several host names brings a resolver of its own; the environment names it for one process and its
# children. The reactor takes it before any add-on runs, so it cannot stand in storyfold.toml.
# Scrapy's default resolver finds IPv4 addresses only: a site with IPv6 alone could not be reached.
TWISTED_DNS_RESOLVER = os.environ.get("STORYFOLD_DNS_RESOLVER") or "scrapy.resolver.CachingHostnameResolver"
DNS_TIMEOUT = 15  # default 60: longer than the whole request may take (of the resolver in the environment, if any)
REACTOR_THREADPOOL_MAXSIZE = 40  # default 10: a look-up holds a thread until its name server answers, and 16 may wait
METAREFRESH_ENABLED = False  # default True: decodes every page in the crawl process (`charset=rot13` lost the page)
REFERER_ENABLED = False  # default True: nobody's business
COOKIES_ENABLED = False  # default True: the first cookie fetched a suffix list inside the reactor; 50 large ones a page
# grew twelve requests to 12.9 MB; and a crawl that keeps no cookies is nobody's reader

DOWNLOADER_MIDDLEWARES = {
    "crawler.middlewares.source.SourceMiddleware": 90,  # before robots: rules may address a source's own user agent
    "scrapy.downloadermiddlewares.robotstxt.RobotsTxtMiddleware": None,  # let 12 of 20 disallowed pages through
    "crawler.middlewares.robots.RobotsMiddleware": 100,
    "scrapy.downloadermiddlewares.retry.RetryMiddleware": None,  # see RETRY_ENABLED
    "scrapy.downloadermiddlewares.httpcompression.HttpCompressionMiddleware": None,  # takes half a body for a whole one
    "crawler.middlewares.unpacking.UnpackingMiddleware": 590,
    "crawler.middlewares.refresh.RefreshMiddleware": 580,  # METAREFRESH_ENABLED says why not Scrapy's
    "scrapy.downloadermiddlewares.redirect.RedirectMiddleware": None,  # a redirect to itself vanished without a word
    "crawler.middlewares.redirect.RedirectMiddleware": 600,
    "scrapy.downloadermiddlewares.httpproxy.HttpProxyMiddleware": None,  # believes the environment
    "crawler.middlewares.source.NamedProxyMiddleware": 750,
    "crawler.middlewares.breaker.BreakerMiddleware": 900,  # next to the downloader: sees redirects and robots.txt, too
}
SPIDER_MIDDLEWARES = {
    "scrapy.spidermiddlewares.urllength.UrlLengthMiddleware": None,  # drops what is longer than 2,083 without a word
    "scrapy.spidermiddlewares.depth.DepthMiddleware": None,  # the depth of a page whose state is a row means nothing
}

# --- How much we take. storyfold.toml: crawl.max_body_mb, timeout, max_redirects
DOWNLOAD_MAXSIZE = 8 * 1024 * 1024  # default 1 GiB: endless bodies and 10 GB bombs cost 1.1 GB each, with 8 MB 90 MB
DOWNLOAD_WARNSIZE = 0  # default 32 MiB: above DOWNLOAD_MAXSIZE
DOWNLOAD_FAIL_ON_DATALOSS = False  # default True: loses what came of a body cut short; UnpackingMiddleware keeps it
DOWNLOAD_TIMEOUT = 30  # default 180
REDIRECT_MAX_TIMES = 5  # default 20
CONCURRENT_ITEMS = 1  # default 100: as many tasks are made for each response, and ours have one item
ITEM_PROCESSOR = "crawler.backlog.CountedPipelines"  # default does not count what waits for a worker
RETRY_ENABLED = False  # default True: retries that no other process knows of; a page's row says when it is asked again
HTTPCACHE_ENABLED = False  # default False, and to stay so: on a 304 it hands the old body to the callback again

# --- What becomes of a page. Paths are the only link to the rooms behind this one.
ITEM_PIPELINES = {
    "pipelines.raw.KeepRaw": 100,  # bytes and state committed before anything reads them
    "pipelines.stages.Extract": 200,
    "pipelines.stages.Save": 300,
}
WORKER_PRELOAD = [
    "pipelines.extract",
    "crawler.readers.feeds",
    "crawler.readers.sitemaps",
]  # ours: what every worker has loaded

# --- Log
LOG_LEVEL = "INFO"  # default "DEBUG": prints every page
LOG_VERSIONS: list[str] = []  # default: eleven lines; `scrapy version --verbose` prints them where they matter
