-- Crash rate of the last week by model, the worst by its lower end first, and that of the week before
WITH last AS (SELECT max(week) AS week FROM models_weekly),
     before AS (
         SELECT t.app, t.brand, t.model, LEAST(1.0, 1.0 * t.crashed_estimate / t.devices_estimate) AS rate,
                LEAST(1.0, 1.0 * t.crashed_lower / t.devices_upper) AS rate_lower,
                CASE WHEN t.devices_lower > 0 THEN LEAST(1.0, 1.0 * t.crashed_upper / t.devices_lower) ELSE 1.0 END AS rate_upper
         FROM models_weekly AS t
         CROSS JOIN last
         WHERE t.week < last.week AND t.week >= last.week - INTERVAL '7 days'
     )
SELECT t.brand, t.model, t.devices_estimate, t.devices_lower, t.devices_upper,
       t.crashed_estimate, t.crashed_lower, t.crashed_upper,
       LEAST(1.0, 1.0 * t.crashed_estimate / t.devices_estimate) AS crash_rate,
       LEAST(1.0, 1.0 * t.crashed_lower / t.devices_upper) AS crash_rate_lower,
       CASE WHEN t.devices_lower > 0 THEN LEAST(1.0, 1.0 * t.crashed_upper / t.devices_lower) ELSE 1.0 END AS crash_rate_upper,
       b.rate AS week_before, b.rate_lower AS week_before_lower, b.rate_upper AS week_before_upper
FROM models_weekly AS t
JOIN last ON t.week = last.week
LEFT JOIN before AS b ON b.app = t.app AND b.brand = t.brand AND b.model = t.model
WHERE t.app = 'maps'
ORDER BY crash_rate_lower DESC
