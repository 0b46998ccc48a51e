import CLibFuzzer
import Foundation

/// LLVM's libFuzzer, which sees where bytes lead and goes on from those that lead further; there in the build of `make fuzz`.
enum LibFuzzer {
    static var isHere: Bool { satgate_has_libfuzzer() != 0 }

    /// What is played; libFuzzer's callback can be told nothing else.
    static let target = FuzzTarget.all.first { $0.name == ProcessInfo.processInfo.environment["SATGATE_FUZZ"] }

    /// Plays for so many seconds, keeping what it finds under `directory`, and ends the process: with 0 where nothing was found.
    static func play(_ target: FuzzTarget, seconds: Int, in directory: URL) throws {
        let words = ["satgate-fuzz"] + (try options(target, seconds: seconds, in: directory))
        var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        _ = satgate_run_libfuzzer(CInt(words.count), &arguments) { bytes, count in
            LibFuzzer.judge(Array(UnsafeBufferPointer(start: bytes, count: count)))
            return 0
        }
    }

    private static func options(_ target: FuzzTarget, seconds: Int, in directory: URL) throws -> [String] {
        let files = FileManager.default
        let (corpus, seeds) = (directory.appending(path: "corpus-\(target.name)"), directory.appending(path: "seeds-\(target.name)"))
        try? files.removeItem(at: seeds)
        for each in [corpus, seeds] { try files.createDirectory(at: each, withIntermediateDirectories: true) }
        for (index, seed) in target.seeds.enumerated() { try Data(seed).write(to: seeds.appending(path: "\(index)")) }
        let dictionary = directory.appending(path: "words-\(target.name)")
        let lines = target.words.map { "\"" + $0.map { "\\x" + String(UInt16($0) + 0x100, radix: 16).suffix(2) }.joined() + "\"\n" }
        try Data(lines.joined().utf8).write(to: dictionary)
        return [
            "-max_total_time=\(seconds)", "-timeout=10", "-rss_limit_mb=4096", "-max_len=4096", "-print_final_stats=1",
            "-dict=\(dictionary.path)", "-artifact_prefix=\(directory.path)/\(target.name)-", corpus.path, seeds.path,
        ]
    }

    /// Ends the process where the bytes were read wrongly: libFuzzer then keeps them.
    private static func judge(_ bytes: [UInt8]) {
        guard let flaw = target?.flaw(bytes) else { return }
        FileHandle.standardError.write(Data("\(BlindCampaign.Finding(bytes: bytes, what: flaw))\n".utf8))
        abort()
    }
}
