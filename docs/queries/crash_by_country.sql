-- Crash rate of the last week by country, the worst by its lower end first
WITH last AS (SELECT max(week) AS week FROM countries_weekly)
SELECT t.country, t.devices_estimate, t.devices_lower, t.devices_upper,
       t.crashed_estimate, t.crashed_lower, t.crashed_upper,
       LEAST(1.0, 1.0 * t.crashed_estimate / t.devices_estimate) AS crash_rate,
       LEAST(1.0, 1.0 * t.crashed_lower / t.devices_upper) AS crash_rate_lower,
       CASE WHEN t.devices_lower > 0 THEN LEAST(1.0, 1.0 * t.crashed_upper / t.devices_lower) ELSE 1.0 END AS crash_rate_upper
FROM countries_weekly AS t
JOIN last ON t.week = last.week
WHERE t.app = 'maps'
ORDER BY crash_rate_lower DESC
