import Files
import Redis
import ServerIdentity

/// Looks at who on this machine can read or change the files of a node's secrets. What the group may read is no finding: Kubernetes gives a
/// Secret's files to root and the pod's `fsGroup`, mode 0440.
struct ExposureCheck {
    let settings: NodeConfiguration

    func findings() -> [Finding] { files.flatMap { Self.findings(area: $0.area, file: $0.path) } }

    private var files: [(area: String, path: String)] {
        let redis = settings.redis
        let all: [(area: String, path: String?)] = [
            ("keys", settings.keysFile), ("configuration", settings.adminTokensFile), ("redis", redis.passwordFile),
            ("redis", redis.sentinelPasswordFile), ("redis", redis.tls?.key), ("certificates", settings.tls?.key),
            ("certificates", settings.adminTLS?.key), ("configuration", settings.tracing.headersFile),
        ]
        return all.compactMap { area, path in path.map { (area, $0) } }
    }

    /// What is wrong with the mode of one file, symlinks followed; nothing where there is no such file.
    static func findings(area: String, file: String) -> [Finding] {
        guard let mode = FileTrace(file)?.mode else { return [] }
        var findings: [Finding] = []
        if mode & 0o004 != 0 {
            findings.append(
                .warning(area, "\(file) can be read by every user of this machine", why: "it holds secrets", fix: "chmod o-r \(file)"))
        }
        if mode & 0o022 != 0 {
            findings.append(
                .warning(
                    area, "\(file) can be changed by others than its owner", why: "who puts a key there makes tokens that are accepted",
                    fix: "chmod go-w \(file)"))
        }
        return findings
    }
}
