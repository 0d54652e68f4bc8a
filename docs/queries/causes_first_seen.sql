-- The first day on which each cause was shown, but for those shown since the first day of all; where the policy has no causes_daily, take causes_weekly and its week
WITH seen AS (SELECT cause, min(day) AS day FROM causes_daily WHERE app = 'maps' GROUP BY cause),
     begun AS (SELECT min(day) AS day FROM causes_daily)
SELECT seen.cause, seen.day
FROM seen
CROSS JOIN begun
WHERE seen.day > begun.day
ORDER BY seen.day DESC, seen.cause
