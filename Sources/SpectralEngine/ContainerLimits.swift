/// What control groups let this process use: those of a container, a service or a batch system, on Linux.
///
/// A limit of a group holds for all groups inside it, so the way from the process's own group up to the root is asked. A container
/// mostly sees its own group as the root; then, or where a path is that of another namespace, only the root is found. Files are
/// given by a function, so that it can be tested with texts.
struct ContainerLimits {
    /// Folders of groups, the process's own first.
    private let unified: [String]
    private let processor: [String]
    private let memory: [String]

    /// - Parameter groups: The text of `/proc/self/cgroup`: lines of number, controllers and path. Version 2 has one without
    ///   controllers; beside version 1 it may be mounted without any.
    init(groups: String) {
        var folders: [String: [String]] = [:]
        for line in groups.split(separator: "\n") {
            let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard fields.count == 3 else { continue }
            for controller in fields[1].split(separator: ",", omittingEmptySubsequences: false) {
                folders[String(controller)] = Self.upwards(fields[2])
            }
        }
        func mounted(_ places: [String], _ controller: String) -> [String] {
            (folders[controller] ?? [""]).flatMap { path in places.map { "/sys/fs/cgroup\($0)\(path)" } }
        }
        unified = mounted([""], "")
        // Controllers that are mounted together have a link for each, mostly.
        processor = mounted(["/cpu", "/cpu,cpuacct"], "cpu")
        memory = mounted(["/memory"], "memory")
    }

    /// A path and those above it, the last one being the root.
    private static func upwards(_ path: Substring) -> [String] {
        let names = path.split(separator: "/")
        // Outside of what this namespace can see.
        guard !names.contains("..") else { return [""] }
        return (0...names.count).reversed().map { count in names.prefix(count).map { "/\($0)" }.joined() }
    }

    /// The least quota of processor time, in cores, rounded up; `nil` if there is none.
    func cores(_ read: (_ path: String) -> String?) -> Int? {
        func cores(_ quota: Substring?, _ period: Substring?) -> Int? {
            // "max" and -1 are no quota.
            guard let quota = quota.flatMap({ Int($0) }), let period = period.flatMap({ Int($0) }), quota > 0,
                period > 0
            else { return nil }
            return quota / period + (quota % period > 0 ? 1 : 0)
        }
        let second = unified.compactMap { folder -> Int? in
            let words = Self.words(read("\(folder)/cpu.max"))
            return words.count == 2 ? cores(words[0], words[1]) : nil
        }
        let first = processor.compactMap { folder in
            cores(
                Self.words(read("\(folder)/cpu.cfs_quota_us")).first,
                Self.words(read("\(folder)/cpu.cfs_period_us")).first)
        }
        return (second + first).min()
    }

    /// The least that is left of a limit of memory, in bytes; `nil` if there is none.
    ///
    /// - Parameter physical: Bytes that the machine has: a limit above them is none, and how version 1 says so.
    func availableMemory(physical: Int, _ read: (_ path: String) -> String?) -> Int? {
        func figure(_ word: Substring?) -> Int? { word.flatMap { Int($0) }.flatMap { $0 >= 0 ? $0 : nil } }
        func left(_ folders: [String], limit: String, usage: String, reclaimable: String) -> [Int] {
            folders.compactMap { folder in
                guard let most = figure(Self.words(read("\(folder)/\(limit)")).first), most < physical else {
                    return nil
                }
                let used = figure(Self.words(read("\(folder)/\(usage)")).first) ?? 0
                // Pages of files that nobody has asked for lately are given up when memory is wanted.
                let status = Self.words(read("\(folder)/memory.stat"))
                let label = status.firstIndex { $0 == reclaimable }
                let free = label.flatMap { $0 + 1 < status.count ? figure(status[$0 + 1]) : nil } ?? 0
                return most - max(used - free, 0)
            }
        }
        let second = left(unified, limit: "memory.max", usage: "memory.current", reclaimable: "inactive_file")
        let first = left(
            memory, limit: "memory.limit_in_bytes", usage: "memory.usage_in_bytes", reclaimable: "total_inactive_file")
        return (second + first).min()
    }

    private static func words(_ text: String?) -> [Substring] {
        text?.split { $0 == " " || $0 == "\n" } ?? []
    }
}
