#!/usr/bin/env bash
# Measures where the FFT overtakes direct sums, for single pictures, depthwise and dense layers, a signal and a volume, in
# three passes, two precisions, on one thread and on two, and writes it down. About eleven minutes on an idle machine.
#
# usage: Scripts/crossovers.sh PATH-TO-FFTCONV [OUTPUT.md]
#   OUTPUT.md   Docs/Measurements/<today>-crossovers.md unless given
#   SECONDS_EACH   time of each of the 28 measurements, 20 unless set
set -euo pipefail
export LC_ALL=C  # decimal points
cd "$(dirname "$0")/.."

tool=${1:?usage: Scripts/crossovers.sh PATH-TO-FFTCONV [OUTPUT.md]}
output=${2:-Docs/Measurements/$(date -u +%F)-crossovers.md}
seconds=${SECONDS_EACH:-20}

# One line each: the options that say what is convolved. Direct sums of dense layers take long: few sizes.
subjects=(
    "--input 256x256"
    "--input 1024x1024"
    "--input n4c128i56x56 --groups 128 --padding same"
    "--input n8c256i14x14 --groups 256 --padding same"
    "--input n4c64i56x56 --padding same --filters 3,5,7,9,11"
    "--input 1000000"
    "--input 64x64x64"
)

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

load=$(cut -d ' ' -f 1-3 /proc/loadavg 2>/dev/null || uptime)
for subject in "${subjects[@]}"; do
    for precision in f32 f64; do
        for threads in 1 2; do
            options="$subject --precision $precision --threads $threads --time $seconds"
            echo "fftconv crossover $options" >&2
            # The options are words without spaces or wildcards.
            # shellcheck disable=SC2086
            "$tool" crossover $options --json "$work/json" >"$work/table"
            cat "$work/json" >>"$work/all.json"
            { echo "fftconv crossover $options" && cat "$work/table" && echo; } >>"$work/tables"
        done
    done
done

processor=$(sed -n 's/^model name[^:]*: *//p' /proc/cpuinfo 2>/dev/null | head -n 1)
[ -n "$processor" ] || processor=$(sysctl -n machdep.cpu.brand_string 2>/dev/null || uname -m)
fftw=$(pkg-config --modversion fftw3 2>/dev/null || echo unknown)
commit=$(git rev-parse --short=12 HEAD)
[ -z "$(git status --porcelain --untracked-files=no)" ] || commit+=", with changes"

{
    cat <<END
# Where the FFT overtakes direct sums

By \`make crossovers\`. N, for each pass, is the filter size from which the FFT is faster: interpolated in log–log, in brackets the
smallest and the largest of a single round of 3 to 7 (\`fftconv crossover --help\`). *auto* is the smallest measured size from
which \`auto\` takes the FFT.

- date: $(date -u '+%F %H:%M UTC')
- commit: $commit
- processor: $processor, $(getconf _NPROCESSORS_ONLN) cores; load before: $load
- system: $(uname -sm), FFTW $fftw, $(${SWIFT:-swift} --version 2>/dev/null | grep -o 'Swift version [0-9.]*' | head -n 1)
- measured: whole calls on ready arrays, filter transform included, planning excluded; $seconds s each

| problem | threads | forward | auto | dX | auto | dW | auto |
| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
END
    awk '
        function field(name,   text) {
            text = $0
            if (!sub(".*\"" name "\": \"?", "", text)) return ""
            sub("[\",}].*", "", text)
            return text
        }
        function size(text) { return text == "null" ? "-" : sprintf(text + 0 < 10 ? "%.2f" : "%.1f", text) }
        /^\{"kind": "crossover"/ {
            pass = field("pass"); place = field("place"); low = field("low"); high = field("high")
            rounds = field("rounds"); below = field("rounds_below"); above = field("rounds_above")
            if (pass == "forward") printf "| `%s` | %s", field("problem"), field("threads")
            if (place == "within") point = size(field("filter"))
            else if (place == "below") point = "below " (low + 0)
            else if (place == "above") point = "above " (high + 0)
            else point = "unknown"
            low = (below > 0 ? "below " (low + 0) : size(low)); high = (above > 0 ? "above " (high + 0) : size(high))
            automatic = field("auto_filter")
            printf " | %s", point
            if (place == "within" || below < rounds && above < rounds) printf " (%s…%s)", low, high
            printf " | %s", automatic == "null" ? "never" : automatic
            if (pass == "filter-gradient") print " |"
        }' "$work/all.json"
    printf '\n## All times\n\n```text\n'
    sed '$d' "$work/tables"
    printf '```\n'
} >"$work/page.md"
cp "$work/page.md" "$output"
echo "$output" >&2
