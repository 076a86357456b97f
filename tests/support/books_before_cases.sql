-- Rows as the version before cases (schema 0002) wrote them: P1 of O1 and P2 of O2 in Cà Mau; "1" stated as 300
-- and 301, "V-1" as 777 on P2 and 1 on P1, the plan of P1 twice; reversal "R" waits for "X", "r2" no longer for
-- "yy"; and a record that could not be read, under the hash of that version.

INSERT INTO aggregation.ledger (
       event_id, origin_event_id, content_hash, source, source_ref, project_code, fund_source, budget_year,
       series, kind, amount, currency, disbursed, work_certified, advance_outstanding, value_date, status,
       reverses_event_id, recorded_at, topic_id, partition, "offset", index) VALUES
   ('5108c5d3-0fc0-5886-bfb2-70e23c054caa', '5108c5d3-0fc0-5886-bfb2-70e23c054caa',
    '\xaa1323c7474f9db6985efb3efb35b6497ae64770036d84d0983f9faef8456474', 'test', '1', 'P1', 'central.sector',
    2022, 'treasury_vouchers', 'completed_work_payment', 300, 'VND', 300, 300, 0, '2022-05-31', 'actual',
    NULL, '2022-06-01 08:00:00+00:00', '01a20c9d-a723-7f01-ae77-55bf14607b2a', 1, 0, 0),
   ('51e25cd1-0598-5f75-a586-a6a6cfa7c2c9', 'c3fcf82e-ad43-507b-adbf-ecce1df88a9f',
    '\xfdf497b52e1104f2c7853e69dce3c0e8b6c25692da69aaf3397480d108863d30', 'test',
    'lk/P1/local.balance/2022-05-31/actual/0', 'P1', 'local.balance', 2022, 'treasury_statements',
    'statement_difference', 70, 'VND', 70, 0, 0, '2022-05-31', 'actual', NULL, '2022-06-01 08:00:00+00:00',
    '01a20c9d-a723-7f01-ae77-55bf14607b2a', 1, 1, 0),
   ('a0fd4ecd-a4f0-5cfa-9ce6-18e84d2c06b5', 'a0fd4ecd-a4f0-5cfa-9ce6-18e84d2c06b5',
    '\x3df41265c2d828b5050597d71073e9680654365cf5122b883aaa7237c4973d9e', 'test', 'V-1', 'P2',
    'central.sector', 2022, 'treasury_vouchers', 'completed_work_payment', 777, 'VND', 777, 777, 0,
    '2022-05-31', 'actual', NULL, '2022-06-01 08:00:00+00:00', '01a20c9d-a723-7f01-ae77-55bf14607b2a', 2, 0,
    0),
   ('2002dcce-903a-5afe-a471-401d829a59a6', '2002dcce-903a-5afe-a471-401d829a59a6',
    '\x499a94758796c5babf954be572804f0d4dca91ca251f2291cf8f18a01b6cb3ef', 'test', 'yy', 'P1',
    'central.sector', 2022, 'treasury_vouchers', 'completed_work_payment', 6, 'VND', 6, 6, 0, '2022-05-31',
    'actual', NULL, '2022-06-01 08:00:00+00:00', '01a20c9d-a723-7f01-ae77-55bf14607b2a', 1, 6, 0),
   ('4bff6027-6ae6-5901-ae7c-4a05ba473db3', '4bff6027-6ae6-5901-ae7c-4a05ba473db3',
    '\x48c64a673fe82bebd34d2bda427510853f99dac10801b416b916723959038030', 'test', 'r2', 'P1',
    'central.sector', 2022, 'treasury_vouchers', 'reversal', 6, 'VND', -6, -6, 0, '2022-05-31', 'actual',
    '2002dcce-903a-5afe-a471-401d829a59a6', '2022-06-01 08:00:00+00:00',
    '01a20c9d-a723-7f01-ae77-55bf14607b2a', 1, 5, 0);
INSERT INTO aggregation.balance (
       project_code, fund_source, budget_year, series, value_date, disbursed, work_certified,
       advance_outstanding, movements) VALUES
   ('P1', 'central.sector', 2022, 'treasury_vouchers', '2022-05-31', 300, 300, 0, 3),
   ('P1', 'local.balance', 2022, 'treasury_statements', '2022-05-31', 70, 0, 0, 1),
   ('P2', 'central.sector', 2022, 'treasury_vouchers', '2022-05-31', 777, 777, 0, 1);
INSERT INTO aggregation.statement_line (
       event_id, content_hash, source, source_ref, project_code, fund_source, budget_year, series, reporter,
       cumulative, currency, as_of, status, revision, recorded_at, topic_id, partition, "offset",
       index) VALUES
   ('c3fcf82e-ad43-507b-adbf-ecce1df88a9f',
    '\xfdf497b52e1104f2c7853e69dce3c0e8b6c25692da69aaf3397480d108863d30', 'test',
    'lk/P1/local.balance/2022-05-31/actual/0', 'P1', 'local.balance', 2022, 'treasury_statements', 'treasury',
    70, 'VND', '2022-05-31', 'actual', 0, '2022-06-01 08:00:00+00:00', '01a20c9d-a723-7f01-ae77-55bf14607b2a',
    1, 1, 0);
INSERT INTO aggregation.plan_revision (
       event_id, content_hash, source, source_ref, project_code, project_name, level, owner_code, owner_name,
       accountable_officer, fund_source, project_group, district, sector, province_code, budget_year, base,
       amount, currency, decision_number, decision_date, effective_date, recorded_at, topic_id, partition,
       "offset", index) VALUES
   ('eb89eb4a-92e2-5fdf-99ef-88a1a6b8b154',
    '\xe84d3cc8de024895cf831e81f8499981e7e5f437d55304c27b653e2192268d58', 'test',
    '1/QĐ/initial/P1/central.sector', 'P1', 'Dự án P1', 'project', 'O1', 'Ban QLDA', '', 'central.sector', '',
    '', '', '96', 2022, 'initial', 1000, 'VND', '1/QĐ', '2021-12-10', '2022-01-01',
    '2022-06-01 08:00:00+00:00', '01a20c9d-a6d2-79e0-a395-bab02bcf3ebc', 1, 0, 0),
   ('0fe6c741-e05b-5c15-9723-0cf18e5cb6ba',
    '\x7d7529420fd80b6a0b96bd3ca8f3d49a5a01c216d265109f9efc72cbf6fe9dae', 'test',
    '1/QĐ/initial/P2/central.sector', 'P2', 'Dự án P2', 'project', 'O2', 'Sở Y tế', '', 'central.sector', '',
    '', '', '96', 2022, 'initial', 2000, 'VND', '1/QĐ', '2021-12-10', '2022-01-01',
    '2022-06-01 08:00:00+00:00', '01a20c9d-a6d2-79e0-a395-bab02bcf3ebc', 2, 0, 0);
INSERT INTO aggregation.conflict (
       event_id, content_hash, topic, payload, topic_id, partition, "offset",
       index) VALUES
   ('5108c5d3-0fc0-5886-bfb2-70e23c054caa',
    '\x987ae0b68813281102a5d612e777d6a5985a1ec67f8733537373e3973872b785', 'giaingan.disbursement.v1',
    '\x0a590a2435313038633564332d306663302d353838362d626662322d3730653233633035346361611204746573741a01312220987ae0b68813281102a5d612e777d6a5985a1ec67f8733537373e3973872b7852a060880b9dc940612350a025031120e63656e7472616c2e736563746f7218e60f20032a080a03564e4410ad02320a323032322d30352d3331380140014801',
    '01a20c9d-a723-7f01-ae77-55bf14607b2a', 1, 2, 0),
   ('a0fd4ecd-a4f0-5cfa-9ce6-18e84d2c06b5',
    '\x41900aeceb7fbe5e33b1d01482b708fa0875d775e9c5ccd809ca6e233b4b78b3', 'giaingan.disbursement.v1',
    '\x0a5b0a2461306664346563642d613466302d356366612d396365362d3138653834643263303662351204746573741a03562d31222041900aeceb7fbe5e33b1d01482b708fa0875d775e9c5ccd809ca6e233b4b78b32a060880b9dc940612340a025031120e63656e7472616c2e736563746f7218e60f20032a070a03564e441001320a323032322d30352d3331380140014801',
    '01a20c9d-a723-7f01-ae77-55bf14607b2a', 1, 3, 0),
   ('eb89eb4a-92e2-5fdf-99ef-88a1a6b8b154',
    '\x811620b399f572f8e146a210127ea1f23641906e8955258476323c38a950a56d', 'giaingan.plan.v1',
    '\x0a770a2465623839656234612d393265322d356664662d393965662d3838613161366238623135341204746573741a1f312f51c4902f696e697469616c2f50312f63656e7472616c2e736563746f722220811620b399f572f8e146a210127ea1f23641906e8955258476323c38a950a56d2a060880b9dc940612650a025031120b44e1bbb120c3a16e205031180122024f312a0842616e20514c44413a0e63656e7472616c2e736563746f725a02393660e60f680172080a03564e4410e9077a05312f51c49082010a323032312d31322d31308a010a323032322d30312d3031',
    '01a20c9d-a6d2-79e0-a395-bab02bcf3ebc', 1, 1, 0);
INSERT INTO aggregation.quarantine (
       topic, payload_hash, event_id, reason, detail, payload, waits_for_event_id, topic_id,
       partition, "offset", index, released_at) VALUES
   ('giaingan.disbursement.v1', '\x30c32f3312cb66783c01d1da4d9ae786631450916bb3305a893040fdbc97d9e5',
    '98413f82-32fb-5843-b3f4-d636b00fb2b0', 'reversal-of-unknown',
    'the movement it reverses (f0c2bba4-dc4b-5891-b118-7b528a023596) is not in the ledger yet',
    '\x0a590a2439383431336638322d333266622d353834332d623366342d6436333662303066623262301204746573741a01522220e4a1609c9d2f21aadd77d2927b16e10293e2638dc9ef7ae8b8e7c806fe1900bf2a060880b9dc9406125a0a025031120e63656e7472616c2e736563746f7218e60f20052a070a03564e441064320a323032322d30352d3331380140014801522466306332626261342d646334622d353839312d623131382d376235323861303233353936',
    'f0c2bba4-dc4b-5891-b118-7b528a023596', '01a20c9d-a723-7f01-ae77-55bf14607b2a', 1, 4, 0, NULL),
   ('giaingan.disbursement.v1', '\x5ed63ed609dc8becc227e1e81b5e08408f9e916784db226834bbbd0f3d272c2d',
    '4bff6027-6ae6-5901-ae7c-4a05ba473db3', 'reversal-of-unknown',
    'the movement it reverses (2002dcce-903a-5afe-a471-401d829a59a6) is not in the ledger yet',
    '\x0a5a0a2434626666363032372d366165362d353930312d616537632d3461303562613437336462331204746573741a027232222048c64a673fe82bebd34d2bda427510853f99dac10801b416b9167239590380302a060880b9dc9406125a0a025031120e63656e7472616c2e736563746f7218e60f20052a070a03564e441006320a323032322d30352d3331380140014801522432303032646363652d393033612d356166652d613437312d343031643832396135396136',
    '2002dcce-903a-5afe-a471-401d829a59a6', '01a20c9d-a723-7f01-ae77-55bf14607b2a', 1, 5, 0,
    '2022-06-01 09:00:00+00:00'),
   ('giaingan.disbursement.v1', '\x604af291b96cc58268b60b3dd85c0bec94c7351d2c0edfcb656051fa80020a35', '',
    'not-decoded',
    'not a giaingan.v1.DisbursementBatch: Error parsing message with type ''giaingan.v1.DisbursementBatch'': Wire format was corrupt',
    '\xffff6a756e6b', NULL, '01a20c9d-a723-7f01-ae77-55bf14607b2a', 1, 7, 0, NULL);
