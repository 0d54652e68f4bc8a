-- Devices on which something failed, by release and cause, over seven days
WITH last AS (SELECT max(day) AS day FROM causes_daily)
SELECT t.release, t.cause, count(*) AS days, sum(t.devices) AS device_days_estimate
FROM causes_daily AS t
CROSS JOIN last
WHERE t.app = 'maps' AND t.day > last.day - INTERVAL '7 days'
GROUP BY t.release, t.cause
ORDER BY device_days_estimate DESC
