#!/bin/sh
# Fetches what the tests of the HTML report need, if possible: Chromium, and axe-core, which checks a
# page for screen readers. Without them the other tests still run; it says what is left out.

set -u

here=$(dirname "$0")

if ! command -v chromium >/dev/null && ! command -v chromium-browser >/dev/null && ! command -v google-chrome >/dev/null
then
    "$here/needs.sh" 'chromium=chromium' || echo "- Not tested: the HTML report in a browser (no Chromium)"
fi

axe="$here/../target/axe"
if [ ! -e "$axe/package/axe.min.js" ]; then
    mkdir -p "$axe"
    { command -v npm >/dev/null && (cd "$axe" && npm pack --silent axe-core@4 >/dev/null 2>&1 && tar xzf axe-core-*.tgz); } ||
        echo "- Not tested: the HTML report with axe-core (npm does not give it)"
fi
exit 0
