-- Whose facts a token may state: the exact names of its sources. Empty: anybody's, or nobody's where the token is
-- bound to a unit (one made before there were sources).

ALTER TABLE access.token ADD COLUMN sources text[] NOT NULL DEFAULT '{}';
