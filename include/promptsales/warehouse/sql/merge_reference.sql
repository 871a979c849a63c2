-- Which dated values were added, corrected or withdrawn, and until when did each hold? {value} of {target}, which
-- keeps exactly what the file says; a value holds until the next one of the same {subject}.
CREATE TEMP TABLE {changed} ON COMMIT DROP AS
WITH file AS (
    SELECT * FROM jsonb_to_recordset({rows}) AS file ({subject} text, {day} date, {value} numeric)
),
different AS (
    SELECT {subject}, {day}, file.{value}
    FROM file
    FULL JOIN {target} AS held USING ({subject}, {day})
    WHERE file.{value} IS DISTINCT FROM held.{value}
)
SELECT
    different.*,
    coalesce(
        (SELECT min(later.{day}) FROM file AS later
         WHERE later.{subject} = different.{subject} AND later.{day} > different.{day}),
        'infinity'
    ) AS hasta
FROM different
