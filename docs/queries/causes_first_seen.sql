-- The first day on which each cause was shown; where the policy has no causes_daily, take causes_weekly and its week
SELECT cause, min(day) AS day
FROM causes_daily
WHERE app = 'maps'
GROUP BY cause
ORDER BY day DESC, cause
