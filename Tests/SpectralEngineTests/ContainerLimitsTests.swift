import Testing

@testable import SpectralEngine

@Suite struct ContainerLimitsTests {
    private func cores(_ groups: String, _ files: [String: String]) -> Int? {
        ContainerLimits(groups: groups).cores { files[$0] }
    }

    private func memory(_ groups: String, _ files: [String: String]) -> Int? {
        ContainerLimits(groups: groups).availableMemory(physical: 1 << 40) { files[$0] }
    }

    private let nested = "0::/system.slice/job.service/worker\n"
    private let old = """
        12:cpu,cpuacct:/docker/abc
        7:name=systemd:/docker/abc
        4:memory:/docker/abc
        0::/docker/abc

        """

    @Test func noFilesAreNoLimits() {
        for groups in ["", nested, old, "garbage", "0::", "::/a"] {
            #expect(cores(groups, [:]) == nil)
            #expect(memory(groups, [:]) == nil)
        }
    }

    @Test func theRootOfANamespaceIsAsked() {
        for groups in ["0::/\n", "", "0::/../../other\n"] {
            #expect(cores(groups, ["/sys/fs/cgroup/cpu.max": "150000 100000\n"]) == 2)
            #expect(
                memory(groups, ["/sys/fs/cgroup/memory.max": "1000\n", "/sys/fs/cgroup/memory.current": "300\n"]) == 700
            )
        }
    }

    /// The least of all groups on the way up holds.
    @Test func aLimitOfAnyGroupAboveHolds() {
        let slice = "/sys/fs/cgroup/system.slice"
        #expect(
            cores(
                nested,
                [
                    "\(slice)/job.service/worker/cpu.max": "max 100000\n",
                    "\(slice)/job.service/cpu.max": "400000 100000\n",
                    "\(slice)/cpu.max": "100001 100000\n", "/sys/fs/cgroup/cpu.max": "800000 100000\n",
                ]) == 2)
        #expect(cores(nested, ["\(slice)/job.service/worker/cpu.max": "1000 100000\n"]) == 1)
        #expect(
            memory(
                nested,
                [
                    "\(slice)/job.service/worker/memory.max": "max\n", "\(slice)/job.service/memory.max": "5000\n",
                    "\(slice)/job.service/memory.current": "1500\n", "\(slice)/memory.max": "6000\n",
                    "\(slice)/memory.current": "4000\n",
                ]) == 2000)
    }

    /// Its own figures, and those of its mount's root where the path is the host's.
    @Test func theFirstVersionHasFilesOfItsOwn() {
        for folder in ["cpu,cpuacct/docker/abc", "cpu/docker/abc", "cpu", "cpu/docker"] {
            let files = [
                "/sys/fs/cgroup/\(folder)/cpu.cfs_quota_us": "250000\n",
                "/sys/fs/cgroup/\(folder)/cpu.cfs_period_us": "100000\n",
            ]
            #expect(cores(old, files) == 3, "\(folder)")
        }
        #expect(
            cores(
                old,
                ["/sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1\n", "/sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n"])
                == nil)
        for folder in ["memory/docker/abc", "memory"] {
            let files = [
                "/sys/fs/cgroup/\(folder)/memory.limit_in_bytes": "536870912\n",
                "/sys/fs/cgroup/\(folder)/memory.usage_in_bytes": "36870912\n",
            ]
            #expect(memory(old, files) == 500_000_000, "\(folder)")
        }
    }

    @Test func pagesOfFilesThatCanBeGivenUpAreFree() {
        let root = "/sys/fs/cgroup"
        let status = "anon 200\nfile 700\ninactive_anon 0\ninactive_file 500\n"
        let files = ["\(root)/memory.max": "1000\n", "\(root)/memory.current": "900\n", "\(root)/memory.stat": status]
        #expect(memory("0::/\n", files) == 600)
        let first = [
            "\(root)/memory/memory.limit_in_bytes": "1000\n", "\(root)/memory/memory.usage_in_bytes": "900\n",
            "\(root)/memory/memory.stat": "inactive_file 1\ntotal_inactive_file 400\n",
        ]
        #expect(memory(old, first) == 500)
    }

    /// More than the limit may be in use for a moment, and a file may say anything.
    @Test func strangeFiguresAreNoTraps() {
        let root = "/sys/fs/cgroup"
        for quota in ["", "max", "0 100000", "5 0", "-5 -5", "a b", "99999999999999999999 1", "1 2 3"] {
            #expect(cores("0::/\n", ["\(root)/cpu.max": quota]) == nil, "\(quota)")
        }
        #expect(cores("0::/\n", ["\(root)/cpu.max": "9223372036854775807 2"]) == 1 << 62)
        #expect(memory("0::/\n", ["\(root)/memory.max": "1000", "\(root)/memory.current": "1200"]) == -200)
        for limit in ["ten", "-1", "9223372036854771712"] {
            #expect(memory("0::/\n", ["\(root)/memory.max": limit, "\(root)/memory.current": "5"]) == nil, "\(limit)")
        }
        let negative = ["\(root)/memory.max": "1000", "\(root)/memory.current": "-9223372036854775808"]
        #expect(memory("0::/\n", negative) == 1000)
        #expect(memory("0::/\n", ["\(root)/memory.max": "1000", "\(root)/memory.stat": "inactive_file"]) == 1000)
    }
}
