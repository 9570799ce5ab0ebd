#!/bin/sh
# The browser journeys need chromium: install it where it is missing and we may.
set -eu
command -v chromium >/dev/null 2>&1 && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
  echo "installing chromium and fonts for the browser tests"
  apt-get update -q >/dev/null
  DEBIAN_FRONTEND=noninteractive apt-get install -y -q chromium fonts-noto-core >/dev/null
else
  echo "chromium is missing and cannot be installed from here: install the packages" \
       "chromium and fonts-noto-core, then run this again" >&2
  exit 1
fi
