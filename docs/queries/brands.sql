-- Devices of the last week by brand
WITH last AS (SELECT max(week) AS week FROM brands_weekly)
SELECT t.brand, t.devices_estimate, t.devices_lower, t.devices_upper,
       LEAST(1.0, 1.0 * t.devices_estimate / a.devices_estimate) AS share,
       LEAST(1.0, 1.0 * t.devices_lower / a.devices_upper) AS share_lower,
       CASE WHEN a.devices_lower > 0 THEN LEAST(1.0, 1.0 * t.devices_upper / a.devices_lower) ELSE 1.0 END AS share_upper
FROM brands_weekly AS t
JOIN last ON t.week = last.week
JOIN activity_weekly AS a ON a.app = t.app AND a.week = t.week
WHERE t.app = 'maps'
ORDER BY t.devices_lower DESC
