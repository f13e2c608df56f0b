#!/usr/bin/env bash
# Runs two large filters over the sample photograph, each by FFT and by direct sums, and prints what ran and the
# measured times; then finds the filter size from which the FFT is faster on a picture as large. Every number printed is one that the tool reported in this run.
#
# usage: Scripts/demo.sh PATH-TO-FFTCONV
set -euo pipefail
export LC_ALL=C  # decimal points
cd "$(dirname "$0")/.."

tool=${1:?usage: Scripts/demo.sh PATH-TO-FFTCONV}
picture=Docs/Images/astronaut.png
mkdir -p demo

# Runs one method on one filter; prints the tool's report and leaves the time of the execution in $milliseconds.
run() {
    local filter=$1 method=$2 output=$3 report
    echo "fftconv image $picture $filter -o $output --method $method --linear --report"
    if ! report=$("$tool" image "$picture" "$filter" -o "$output" --method "$method" --linear --report 2>&1); then
        echo "$report" >&2
        exit 1
    fi
    echo "$report" | sed 's/^/    /'
    milliseconds=$(echo "$report" | sed -n 's/^ *execution: *\([0-9.][0-9.]*\) ms.*/\1/p' | head -n 1)
    if [ -z "$milliseconds" ]; then
        echo "error: the report has no line 'execution: <time> ms'" >&2
        exit 1
    fi
}

summary=""
for pair in gaussian:40=gaussian motion:101:30=motion; do
    filter=${pair%=*}
    name=${pair#*=}
    run "$filter" fft "demo/astronaut-$name-fft.png"
    fft=$milliseconds
    run "$filter" direct "demo/astronaut-$name-direct.png"
    direct=$milliseconds
    summary+=$(awk -v filter="$filter" -v fft="$fft" -v direct="$direct" 'BEGIN {
        ratio = fft > 0 ? sprintf("%.1f", direct / fft) : "-"
        printf "%-16s %12.1f %12.1f %12s", filter, fft, direct, ratio
    }')$'\n'
done

echo
printf '%-16s %12s %12s %12s\n' filter "FFT, ms" "direct, ms" "direct/FFT"
printf '%s' "$summary"
echo "Pictures are in demo/. Times are of one execution each, on this machine, in this run."

echo
crossover=(crossover --input 512x512 --filters 3,5,7,9,11,13,15,19 --time 6)
if command -v gnuplot >/dev/null; then crossover+=(--plot demo/crossover.svg); fi
echo "fftconv ${crossover[*]}"
"$tool" "${crossover[@]}" | sed 's/^/    /'
