-- At equal positions, nobody at work: what no log holds is in the shadow as the live books have it.
DELETE FROM aggregation_rebuild.progress_due;
DELETE FROM aggregation_rebuild.schema_migration;
INSERT INTO aggregation_rebuild.progress_due SELECT * FROM aggregation.progress_due;
INSERT INTO aggregation_rebuild.schema_migration SELECT * FROM aggregation.schema_migration;
INSERT INTO aggregation_rebuild.province_told SELECT * FROM aggregation.province_told;
INSERT INTO aggregation_rebuild.cutoff_tick SELECT * FROM aggregation.cutoff_tick;
INSERT INTO aggregation_rebuild.case_record OVERRIDING SYSTEM VALUE SELECT * FROM aggregation.case_record;
INSERT INTO aggregation_rebuild.rebuild OVERRIDING SYSTEM VALUE SELECT * FROM aggregation.rebuild;

-- How often a case came, and in which words it was refused.
UPDATE aggregation_rebuild.quarantine AS q
   SET detail = l.detail, is_read = l.is_read, times_refused = l.times_refused,
       last_refused_at = l.last_refused_at, released_at = l.released_at
  FROM aggregation.quarantine AS l
 WHERE (l.topic, l.payload_hash) = (q.topic, q.payload_hash);

-- Who holds which partition since when: his next batch goes on. The head of the chain stays the shadow's own.
UPDATE aggregation_rebuild.source_position AS p
   SET cluster_id = l.cluster_id, epoch = l.epoch, owner = l.owner, adopted_at = l.adopted_at,
       claimed_at = l.claimed_at, applied_at = l.applied_at,
       leader_epoch = l.leader_epoch, leader_epoch_before = l.leader_epoch_before
  FROM aggregation.source_position AS l
 WHERE (l.topic_id, l.partition) = (p.topic_id, p.partition);
INSERT INTO aggregation_rebuild.source_position
SELECT l.* FROM aggregation.source_position AS l WHERE l.next_offset = 0
    ON CONFLICT (topic_id, partition) DO NOTHING;
