-- Of the devices that used a feature on a day, the part that did at least twice, and five times: over seven days. The noise of a sum of n days is σ√n
WITH last AS (SELECT max(day) AS day FROM features_daily)
SELECT t.feature, count(*) AS days, sum(t.devices) AS device_days_estimate,
       LEAST(1.0, GREATEST(0.0, 1.0 * sum(t.devices_2plus)) / sum(t.devices)) AS twice,
       LEAST(1.0, GREATEST(0.0, 1.0 * sum(t.devices_5plus)) / sum(t.devices)) AS five_times
FROM features_daily AS t
CROSS JOIN last
WHERE t.app = 'maps' AND t.day > last.day - INTERVAL '7 days'
GROUP BY t.feature
ORDER BY twice DESC
