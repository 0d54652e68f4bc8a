-- Crash rate by release over seven days
WITH last AS (SELECT max(day) AS day FROM releases_daily)
SELECT t.release, count(*) AS days, sum(t.devices) AS device_days_estimate,
       LEAST(1.0, GREATEST(0.0, 1.0 * sum(t.crashed)) / sum(t.devices)) AS crash_rate
FROM releases_daily AS t
CROSS JOIN last
WHERE t.app = 'maps' AND t.day > last.day - INTERVAL '7 days'
GROUP BY t.release
ORDER BY crash_rate DESC
