-- Devices of the last week by model, and of the week before
WITH last AS (SELECT max(week) AS week FROM models_weekly),
     before AS (
         SELECT t.app, t.brand, t.model, t.devices_estimate, t.devices_lower, t.devices_upper
         FROM models_weekly AS t
         CROSS JOIN last
         WHERE t.week < last.week AND t.week >= last.week - INTERVAL '7 days'
     )
SELECT t.brand, t.model, t.devices_estimate, t.devices_lower, t.devices_upper,
       LEAST(1.0, 1.0 * t.devices_estimate / a.devices_estimate) AS share,
       LEAST(1.0, 1.0 * t.devices_lower / a.devices_upper) AS share_lower,
       CASE WHEN a.devices_lower > 0 THEN LEAST(1.0, 1.0 * t.devices_upper / a.devices_lower) ELSE 1.0 END AS share_upper,
       b.devices_estimate AS week_before_estimate, b.devices_lower AS week_before_lower, b.devices_upper AS week_before_upper
FROM models_weekly AS t
JOIN last ON t.week = last.week
JOIN activity_weekly AS a ON a.app = t.app AND a.week = t.week
LEFT JOIN before AS b ON b.app = t.app AND b.brand = t.brand AND b.model = t.model
WHERE t.app = 'maps'
ORDER BY t.devices_lower DESC
