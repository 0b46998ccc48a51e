import Logging
import NIOCore

/// The sentinels: carries out what their machine decides. Used only on its loop.
final class SentinelWatch {
    private let loop: any EventLoop
    private let configuration: RedisConfiguration
    private let name: String
    private let logger: Logger
    private let isTroubled: () -> Bool
    private let onMaster: (ServerAddress) -> Void
    private let onLack: (String) -> Void
    private let dialer: Dialer
    private var machine: SentinelMachine
    private var voices: [ServerAddress: SentinelVoice] = [:]

    /// `configuration`: of connections to sentinels. `onMaster` is told each master that counts from then on, `onLack` why there is none yet;
    /// `isTroubled` says whether it may be gone.
    init(
        _ addresses: [ServerAddress], master name: String, configuration: RedisConfiguration, loop: any EventLoop, logger: Logger,
        isTroubled: @escaping () -> Bool, onMaster: @escaping (ServerAddress) -> Void, onLack: @escaping (String) -> Void
    ) {
        self.name = name
        self.configuration = configuration
        self.loop = loop
        self.logger = logger
        self.isTroubled = isTroubled
        self.onMaster = onMaster
        self.onLack = onLack
        dialer = Dialer(configuration)
        machine = SentinelMachine(addresses)
    }

    /// Asks and hears all from now on.
    func start() {
        for address in machine.addresses { begin(address) }
    }

    /// Closes all connections.
    func stop() -> EventLoopFuture<Void> {
        defer { voices = [:] }
        return EventLoopFuture.andAllComplete(voices.values.map { $0.stop() }, on: loop)
    }

    /// All are asked soon.
    func hurry() {
        for voice in voices.values { voice.hurry() }
    }

    /// Those that are asked.
    var all: [SentinelVoice] { voices.values.sorted { $0.address.description < $1.address.description } }

    private func begin(_ address: ServerAddress) {
        let voice = SentinelVoice(
            address, of: name, configuration: configuration, loop: loop, logger: logger, isTroubled: isTroubled,
            onNews: { [weak self] in self?.hurry() }, onAnswer: { [weak self] in self?.answered($0, by: address) })
        voices[address] = voice
        voice.start(dialer)
    }

    private func answered(_ testimony: SentinelTestimony?, by address: ServerAddress) {
        // One whose connections are being closed has no say any more.
        guard voices[address] != nil else { return }
        if let testimony { carryOut(machine.heard(testimony, from: address)) } else { machine.silent(address) }
        guard machine.master == nil else { return }
        let standing = machine.standing
        onLack("of \(standing.known) sentinels \(standing.answering) answer, and \(standing.agreeing) name the same master \(name)")
    }

    private func carryOut(_ consequences: SentinelMachine.Consequences) {
        for address in consequences.forgotten { _ = voices.removeValue(forKey: address)?.stop() }
        for address in consequences.learnt { begin(address) }
        if let master = consequences.master { onMaster(master) }
    }
}
