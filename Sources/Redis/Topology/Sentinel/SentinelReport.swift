import NIOCore

/// What one sentinel says when a doctor asks.
package struct SentinelReport: Sendable {
    package let address: ServerAddress
    /// Why it does not answer; nil: it does.
    package let silence: String?
    /// The master that it names; nil: none.
    package let master: ServerAddress?
    /// What it says of its quorum (`SENTINEL CKQUORUM`); empty where it says nothing.
    package let quorum: String

    /// Of the answers to the usual questions, then to that for the quorum.
    init(_ address: ServerAddress, _ answers: [Result<RedisValue, RedisError>]) {
        self.address = address
        let testimony = SentinelTestimony(Array(answers.prefix(3)))
        master = testimony?.master
        silence = testimony == nil ? Self.text(answers.first) : nil
        quorum = testimony?.master == nil ? "" : Self.text(answers.last)
    }

    private static func text(_ answer: Result<RedisValue, RedisError>?) -> String {
        switch answer {
        case .success(.error(let text)): text
        case .success(let value): value.text ?? "no answer that a sentinel gives"
        case .failure(let error): "\(error)"
        case nil: ""
        }
    }
}

extension SentinelVoice {
    /// Asks it what a doctor wants to know.
    func report(on master: String) -> EventLoopFuture<SentinelReport> {
        let questions = SentinelTestimony.questions(of: master) + [["SENTINEL", "CKQUORUM", .text(master)]]
        let promise = loop.makePromise(of: SentinelReport.self)
        var answers: [Result<RedisValue, RedisError>] = []
        for question in questions {
            ask(EncodedCommand(question)) { answer in
                answers.append(answer)
                if answers.count == questions.count { promise.succeed(SentinelReport(self.address, answers)) }
            }
        }
        return promise.futureResult
    }
}

extension SentinelTopology {
    /// What each of the sentinels that are asked says now, in order of their addresses.
    func reports() async -> [SentinelReport] {
        let all = loop.flatSubmit {
            EventLoopFuture.whenAllSucceed(self.watch.value?.all.map { $0.report(on: self.name) } ?? [], on: self.loop)
        }
        return (try? await all.get()) ?? []
    }
}

extension RedisClient {
    /// What each sentinel says now, those too that sentinels told of; nil where there are none.
    package func sentinelReports() async -> [SentinelReport]? { await (topology as? SentinelTopology)?.reports() }
}
