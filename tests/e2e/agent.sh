#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# agent.sh - sluice-agent's commands on a pair of veths in a namespace of its own, as TAP.
set -uo pipefail

cd "$(dirname "$(realpath "$0")")/../.." || exit 1
namespace=sluice-agent-test-$$
pins=/sys/fs/bpf/$namespace
out=$(mktemp -d)

agent() { nsenter --net=/run/netns/"$namespace" build/sluice-agent "$@" --pin-dir "$pins"; }
in_ns() { nsenter --net=/run/netns/"$namespace" "$@"; }
# run STATUS ARGUMENTS...: the agent must end with STATUS; its output is in $out/out and $out/err.
run() {
	local want=$1 got=0
	shift
	agent "$@" > "$out/out" 2> "$out/err" || got=$?
	((got == want)) || { echo "# agent $*: status $got: $(cat "$out/err")"; return 1; }
}
says() { grep -qF -- "$1" "$out/$2" || { echo "# no '$1' in: $(cat "$out/$2")"; return 1; }; }
# field INTERFACE EXPRESSION: of status -o json.
field() {
	agent status -o json | /usr/bin/python3 -c 'import json, sys
s = {s["interface"]: s for s in json.load(sys.stdin)}[sys.argv[1]]
print(eval(sys.argv[2]))' "$1" "$2"
}
link_of() { bpftool -j link show pinned "$pins/$1/link" | grep -o '"id":[0-9]*' | head -n 1; }
passed_packets() { field e0 "sum(v['packets'] for v in s['verdicts'].values())"; }
make_veth() {
	in_ns ip link add e0 type veth peer name e1 && in_ns ip link set e0 up &&
		in_ns ip link set e1 up && in_ns ip address add 10.91.0.1/24 dev e0
}

attach_is_native_where_the_driver_can() {
	run 0 attach e0 && [[ $(field e0 "s['mode'], s['state']") == "('native', 'attached')" ]]
}
attach_again_keeps_link_and_counters() {
	local link program packets
	link=$(link_of e0) program=$(field e0 "s['program']")
	in_ns ping -q -c 1 -W 1 -I e1 10.91.0.9 > /dev/null 2>&1
	packets=$(passed_packets)
	((packets > 0)) || { echo "# nothing counted"; return 1; }
	run 0 attach e0 && [[ $(link_of e0) == "$link" ]] &&
		[[ $(field e0 "s['program']") != "$program" ]] && (($(passed_packets) >= packets))
}
another_mode_needs_a_detach() {
	run 1 attach e0 --mode generic && says "attached in native mode; detach first" err
}
status_shows_every_verdict() {
	local word
	run 0 status || return
	for word in not_tunnel not_ours fragment decapsulated malformed; do
		says "$word" out || return
	done
}
detach_leaves_nothing() {
	run 0 detach e0 && [[ ! -e $pins/e0 ]] && ! in_ns ip -d link show e0 | grep -q xdp &&
		run 1 status
}
detach_twice_is_an_error() { run 1 detach e0 && says "nothing to detach" err; }
generic_mode_on_demand() {
	run 0 attach e0 --mode generic && [[ $(field e0 "s['mode']") == generic ]] && run 0 detach e0
}
auto_falls_back_to_generic() {
	run 1 attach lo --mode native && says "native mode is refused" err && [[ ! -e $pins/lo ]] &&
		run 0 attach lo --mode auto && [[ $(field lo "s['mode']") == generic ]] && run 0 detach lo
}
another_program_is_left_alone() {
	bpftool prog load build/lab.bpf.o "$pins/other" > /dev/null &&
		in_ns bpftool net attach xdpdrv pinned "$pins/other" dev e0 || return
	run 1 attach e0 && says "another XDP program (id" err && [[ ! -e $pins/e0 ]] &&
		in_ns ip -d link show e0 | grep -q xdp
	local r=$?
	in_ns bpftool net detach xdpdrv dev e0
	rm "$pins/other"
	return "$r"
}
a_dotted_interface() {
	in_ns ip link add e.7 type veth peer name e.8 && run 0 attach e.7 &&
		[[ $(field e.7 "s['state']") == attached ]] && run 0 detach e.7
}
a_vanished_interface() {
	run 0 attach e0 && in_ns ip link del e0 && run 1 status &&
		[[ $(field e0 "s['state']") == gone ]] && make_veth && run 0 attach e0 &&
		[[ $(field e0 "s['state']") == attached ]] && run 0 detach e0
}
no_such_interface() { run 1 attach nope && says "nope: no such interface" err; }
pins_need_a_bpf_file_system() {
	local r=0
	in_ns build/sluice-agent attach e0 --pin-dir "$out/pins" 2> "$out/err" || r=$?
	((r == 1)) && says "isn't on a BPF file system" err
}
who_is_not_root_is_told() {
	local words r
	for words in "attach e0" "detach e0" status; do
		r=0
		# shellcheck disable=SC2086
		in_ns setpriv --reuid=nobody --regid=nogroup --clear-groups build/sluice-agent $words \
			2> "$out/err" || r=$?
		((r == 5)) && says "${words% *} needs root" err || return
	done
}
nothing_attached_is_said() { run 1 status && says "nothing is pinned under $pins" err; }
usage_and_version() {
	run 0 help && says "usage: sluice-agent attach" out && run 0 --help && run 0 version &&
		says "$(< VERSION)" out && run 0 --version && run 2 && run 2 attach && run 2 status e0 &&
		run 2 nonsense && run 2 status --output xml && says "must be text or json" err &&
		run 2 attach e0 --mode fast && says "must be auto, native or generic" err
}

tests=(attach_is_native_where_the_driver_can attach_again_keeps_link_and_counters
	another_mode_needs_a_detach status_shows_every_verdict detach_leaves_nothing
	detach_twice_is_an_error generic_mode_on_demand auto_falls_back_to_generic
	another_program_is_left_alone a_dotted_interface a_vanished_interface no_such_interface
	pins_need_a_bpf_file_system who_is_not_root_is_told nothing_attached_is_said usage_and_version)

clean_up() {
	ip netns del "$namespace"
	rm -rf "$pins" "$out"
}

((EUID == 0)) || { echo "1..0 # SKIP needs root"; exit 0; }
ip netns add "$namespace" || exit 1
trap clean_up EXIT
trap 'exit 1' TERM INT
mkdir -p "$pins"
in_ns ip link set lo up
make_veth || exit 1
echo "1..${#tests[@]}"
number=0 failed=0
for test in "${tests[@]}"; do
	number=$((number + 1))
	if "$test"; then echo "ok $number - ${test//_/ }"
	else echo "not ok $number - ${test//_/ }"; failed=1; fi
done
exit $failed
