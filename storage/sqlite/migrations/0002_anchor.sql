-- What is left of events that were deleted for their age: the number and the
-- hash of the last of them, and a hash over both that takes the log key. The log
-- goes on from there. 0 and NULL as long as nothing was deleted.

ALTER TABLE practice ADD COLUMN anchor_seq  INTEGER NOT NULL DEFAULT 0 CHECK (anchor_seq >= 0);
ALTER TABLE practice ADD COLUMN anchor_hash BLOB CHECK ((anchor_hash IS NULL) = (anchor_seq = 0));
ALTER TABLE practice ADD COLUMN anchor_mark BLOB CHECK ((anchor_mark IS NULL) = (anchor_seq = 0));

-- What the anchor stands for may go. It is set first, in the same transaction.
DROP TRIGGER event_is_not_deleted;
CREATE TRIGGER event_is_not_deleted BEFORE DELETE ON event
WHEN OLD.seq > ifnull((SELECT anchor_seq FROM practice), 0)
BEGIN SELECT RAISE(ABORT, 'the log is not deleted'); END;
