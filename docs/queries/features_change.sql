-- Devices that used each feature in the last week and in the one before. Whether a change is reliable can't be told from the intervals
WITH last AS (SELECT max(week) AS week FROM features_weekly)
SELECT t.feature,
       max(CASE WHEN t.week = last.week THEN t.devices_estimate END) AS devices_estimate,
       max(CASE WHEN t.week = last.week THEN t.devices_lower END) AS devices_lower,
       max(CASE WHEN t.week = last.week THEN t.devices_upper END) AS devices_upper,
       max(CASE WHEN t.week < last.week THEN t.devices_estimate END) AS week_before_estimate,
       max(CASE WHEN t.week < last.week THEN t.devices_lower END) AS week_before_lower,
       max(CASE WHEN t.week < last.week THEN t.devices_upper END) AS week_before_upper
FROM features_weekly AS t
CROSS JOIN last
WHERE t.app = 'maps' AND t.week >= last.week - INTERVAL '7 days'
GROUP BY t.feature
ORDER BY t.feature
