-- Who begins to tell goes on above every version told before, also where the database was restored to an older
-- state and knows less of them than the log: nobody tells more often than once a millisecond.
SELECT setval(
    'aggregation.progress_version',
    greatest(nextval('aggregation.progress_version'), (extract(epoch FROM clock_timestamp()) * 1000)::bigint)
)
