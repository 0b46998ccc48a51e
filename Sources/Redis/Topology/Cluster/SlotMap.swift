/// Which master answers for each slot, as far as is known. Decisions only.
///
/// It is a hint: each server refuses what is not its own. So that it is a good one, of what servers say the highest configuration epoch counts, as it
/// does among themselves: a master that takes slots over, by election or by a move, takes them under an epoch above all before it. What a server says
/// that has been cut off therefore never displaces what is newer.
struct SlotMap: Sendable {
    /// One that answers for slots. `epoch`: of its configuration, 0 where it is not told.
    struct Master: Sendable, Hashable {
        let address: ServerAddress
        let id: String
        let epoch: Int64
    }

    /// Those that own slots, and those that did not long ago.
    private(set) var masters: [Master] = []
    /// By slot, the place of its owner among `masters`; `none` where nobody is known.
    private var owners = [UInt16](repeating: Self.none, count: HashSlot.count)
    private static let none = UInt16.max

    /// True while no slot has an owner.
    var isEmpty: Bool { masters.isEmpty }

    /// The place of the slot's owner among `masters`.
    func owner(of slot: HashSlot) -> Int? {
        let place = owners[Int(slot.number)]
        return place == Self.none ? nil : Int(place)
    }

    /// How many slots each of `masters` owns.
    var counts: [Int] {
        var counts = [Int](repeating: 0, count: masters.count)
        for place in owners where place != Self.none { counts[Int(place)] += 1 }
        return counts
    }

    /// Takes in that the slot is now that server's; the owner's place.
    mutating func move(_ slot: HashSlot, to address: ServerAddress) -> Int? {
        if masters.firstIndex(where: { $0.address == address }) == nil {
            guard masters.count < Self.none else { return nil }
            masters.append(Master(address: address, id: "", epoch: 0))
        }
        guard let place = masters.firstIndex(where: { $0.address == address }) else { return nil }
        owners[Int(slot.number)] = UInt16(place)
        return place
    }

    /// Takes in what servers say; true where one has taken over from another: it may lack writes that the other had acknowledged.
    ///
    /// A slot that none of them claims stays where it was, and so does one that they claim under a lower epoch than what is known: they are behind,
    /// unless none of them knows the owner at all.
    mutating func take(_ views: [ClusterView]) -> Bool {
        var drawing = SlotDrawing()
        for view in views {
            for claim in view.claims { drawing.draw(claim) }
        }
        let ids = views.reduce(into: Set<String>()) { $0.formUnion($1.ids) }
        let isTold = masters.map { ids.contains($0.id) }
        let places = masters.map { drawing.place(of: $0) }
        for slot in owners.indices where owners[slot] != Self.none {
            let owner = Int(owners[slot])
            if let epoch = drawing.epoch(of: slot), epoch >= masters[owner].epoch || !isTold[owner] { continue }
            drawing.draw(slot, places[owner], epoch: masters[owner].epoch)
        }
        let known = masters
        (masters, owners) = drawing.finished(none: Self.none)
        return known.contains { isReplaced($0) }
    }

    /// True where the server has lost all its slots, or owns some under another epoch since.
    private func isReplaced(_ master: Master) -> Bool {
        guard let now = masters.first(where: { $0.address == master.address }) else { return true }
        return now.epoch != master.epoch && now.epoch > 0 && master.epoch > 0
    }
}
