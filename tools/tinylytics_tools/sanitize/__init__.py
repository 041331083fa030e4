"""The only exit for text that strangers can write (ANSWERS 4).

Anybody can visit any path, send any `Referer` and post any kudo uid, and a guard that detects bad intent does not work.
So each field has a grammar of what may be shown; ordinary values pass unchanged, and what is left over can neither
break out of an answer's structure nor hide in it. None of these functions raises, and showing a shown value again
changes nothing.
"""

from tinylytics_tools.sanitize.characters import forbidden as forbidden
from tinylytics_tools.sanitize.exact import exact as exact
from tinylytics_tools.sanitize.exact import in_quotes as in_quotes
from tinylytics_tools.sanitize.exact import is_odd as is_odd
from tinylytics_tools.sanitize.exact import quoted as quoted
from tinylytics_tools.sanitize.exact import unquoted as unquoted
from tinylytics_tools.sanitize.prose import label as label
from tinylytics_tools.sanitize.prose import prose as prose
from tinylytics_tools.sanitize.values import DIRECT as DIRECT
from tinylytics_tools.sanitize.values import NO_SOURCE as NO_SOURCE
from tinylytics_tools.sanitize.values import NONE as NONE
from tinylytics_tools.sanitize.values import NOT_A_HOST as NOT_A_HOST
from tinylytics_tools.sanitize.values import UNKNOWN as UNKNOWN
from tinylytics_tools.sanitize.values import Field as Field
from tinylytics_tools.sanitize.values import browser as browser
from tinylytics_tools.sanitize.values import country as country
from tinylytics_tools.sanitize.values import domain as domain
from tinylytics_tools.sanitize.values import host as host
from tinylytics_tools.sanitize.values import is_plain as is_plain
from tinylytics_tools.sanitize.values import matches as matches
from tinylytics_tools.sanitize.values import path as path
from tinylytics_tools.sanitize.values import platform as platform
from tinylytics_tools.sanitize.values import referrer as referrer
from tinylytics_tools.sanitize.values import source as source
from tinylytics_tools.sanitize.values import time as time
from tinylytics_tools.sanitize.values import uid as uid
from tinylytics_tools.sanitize.values import url as url
